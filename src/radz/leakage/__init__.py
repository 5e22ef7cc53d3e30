"""What a model has seen in training, and what may therefore be claimed about its results."""
