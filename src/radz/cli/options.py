"""What several commands take: the meaning of uncertain labels, and the format of a result."""

from __future__ import annotations

from enum import StrEnum

STRATA = ("source", "view")
"""Metadata keys that name a stratum by default; the same as in ``eval.scoring``, which is slow to import."""


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
