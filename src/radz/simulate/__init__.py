"""Anatomy to simulated radiographs."""
