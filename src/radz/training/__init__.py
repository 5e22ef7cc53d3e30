"""Training: the stage table and a transformers Trainer over model and losses."""
