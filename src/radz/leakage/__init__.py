"""What a model has seen, and what may therefore be claimed of its results."""
