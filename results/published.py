"""Numbers that others published, and the claims of the source article. None of them is a result of radz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from radz.report.format import number

FILE = Path(__file__).with_name("published.yaml")


@dataclass(frozen=True, slots=True)
class Published:
    """claims: table -> row -> value × 100; paper: system -> dataset -> AUROC × 100; needs: row -> missing data."""

    claims: Mapping[str, Mapping[str, float]]
    paper: Mapping[str, Mapping[str, float]]
    needs: Mapping[str, str]

    @classmethod
    def read(cls) -> Published:
        """The numbers in ``published.yaml``."""
        return cls(**yaml.safe_load(FILE.read_text(encoding="utf-8")))

    def lacking(self, row: str, otherwise: str) -> str:
        """What an empty cell needs: the data of ``published.yaml``, or ``otherwise``."""
        return f"needs {self.needs.get(row, otherwise)}"


def stated(value: float | None) -> str:
    """A published number with the digits that it has, at least one: ``70.75``, ``71.0``; a dash for none."""
    return number(value, 2 if value is not None and round(value * 10, 6) % 1 else 1)


def claimed(claims: Mapping[str, float], name: str, first: str) -> str:
    """The claim about a row and, in parentheses, its difference to the claim about the first row."""
    if name == first or not {name, first} <= claims.keys():
        return stated(claims.get(name))
    return f"{stated(claims[name])} ({number(claims[name] - claims[first], 1, '+')})"
