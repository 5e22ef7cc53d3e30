"""Scores to metrics with intervals; knows the protocol ZeroShotModel and no model."""
