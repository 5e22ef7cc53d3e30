"""What several commands take: the meaning of uncertain labels, and the format of a result."""

from __future__ import annotations

from enum import StrEnum

STRATA = ("source", "view")
"""Metadata keys that name a stratum by default; ``eval.scoring`` has the same without the command line's haste."""


class Format(StrEnum):
    """How a command's result is written."""

    TABLE = "table"
    JSON = "json"


class Uncertain(StrEnum):
    """What an uncertain label counts as."""

    IGNORE = "ignore"
    ONES = "ones"
    ZEROS = "zeros"
    SEPARATE = "separate"
