"""Scores to probabilities, sets of findings and abstention, fitted on validation data."""
