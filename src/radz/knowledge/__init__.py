"""Concepts: the one owner of names, synonyms, hierarchy and texts."""
