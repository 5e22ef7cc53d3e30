"""Concepts: the single source of names, synonyms, hierarchy and descriptions.

A concept is one entry of a YAML file: its id as key, then the fields of ``Concept``. Users add findings with their
own file or, on the command line, with "name: description". ``python -m radz.knowledge`` lists and counts the entries.
"""

from radz.knowledge.base import ALL, GROUP, LIST_HINT, KnowledgeBase
from radz.knowledge.concept import DESCRIPTION, IMAGED, UNREVIEWED, Concept
from radz.knowledge.concept_file import read_concepts, read_entries
from radz.knowledge.names import fold, mentions

__all__ = [
    "ALL",
    "DESCRIPTION",
    "GROUP",
    "IMAGED",
    "LIST_HINT",
    "UNREVIEWED",
    "Concept",
    "KnowledgeBase",
    "fold",
    "mentions",
    "read_concepts",
    "read_entries",
]
