"""Evaluations as tables and documents, for people and for programs."""
