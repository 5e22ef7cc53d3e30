"""The films that the model is most wrong about, where they were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from radz.report.blocks import Block, Callout, Row, Section, Thumbnails, row, table
from radz.report.contents import Case, Contents
from radz.report.format import finding_name, number, share

WARNING = (
    "This file holds pixels of patients' films, made small and without identifiers or dates of ours. Letters that are "
    "burned into a film are still in it. Pass the file on only as you would pass on the films."
)


def section(contents: Contents) -> Section | None:
    """For each finding the films with it that score lowest and those without it that score highest."""
    cases = contents.cases
    if not cases:
        return None
    blocks: list[Block] = [Callout("Pixels are embedded", WARNING)] if any(case.film for case in cases) else []
    for concept in dict.fromkeys(case.case.concept for case in cases):
        blocks += _films(concept, [case for case in cases if case.case.concept == concept])
    listed = table("Worst cases", "finding|what|score|position", list(map(_row, cases)), words="what|position")
    return Section("cases", "Worst cases", (*blocks, listed))


def _films(concept: str, cases: Sequence[Case]) -> list[Block]:
    name = finding_name(concept)
    films = [case.thumbnail(f"{_kind(case)}: {_position(case)}", f"Film, {name} {_kind(case)}") for case in cases]
    shown = tuple(film for film in films if film)
    return [Thumbnails(name, shown)] if shown else []


def _row(case: Case) -> Row:
    return row(finding_name(case.case.concept), _kind(case), number(case.case.score, 4, "+"), _position(case))


def _kind(case: Case) -> str:
    return "missed" if case.case.missed else "false alarm"


def _position(case: Case) -> str:
    wrong = share(case.case.worse_than, 1)
    if case.case.missed:
        return f"{wrong} of the films without it score higher"
    return f"{wrong} of the films with it score lower"
