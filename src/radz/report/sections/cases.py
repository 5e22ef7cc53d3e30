"""The images that the model gets most wrong, where they were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from radz.report.blocks import Block, Callout, Row, Section, Thumbnails, row, table
from radz.report.contents import Case, Contents
from radz.report.format import finding_name, number, percent

COLUMNS = ("finding", "error", "score", "position")
WARNING = (
    "This file holds pixels of patients' images, made small, without identifiers and dates. Letters that are burned "
    "into an image are still in it. Pass the file on only as you would pass on the images."
)


def section(contents: Contents) -> Section | None:
    """For each finding the images with it that score lowest and those without it that score highest."""
    cases = contents.cases
    if not cases:
        return None
    blocks: list[Block] = [Callout("Pixels are embedded", WARNING)] if any(case.image for case in cases) else []
    for concept in dict.fromkeys(case.case.concept for case in cases):
        blocks += _thumbnails(concept, [case for case in cases if case.case.concept == concept])
    listed = table("Hardest cases", COLUMNS, map(_row, cases), words={"error", "position"})
    return Section("cases", "Hardest cases", (*blocks, listed))


def _thumbnails(concept: str, cases: Sequence[Case]) -> list[Block]:
    name = finding_name(concept)
    images = [case.thumbnail(f"{_error(case)}: {_position(case)}", f"Image, {name} {_error(case)}") for case in cases]
    shown = tuple(image for image in images if image)
    return [Thumbnails(name, shown)] if shown else []


def _row(case: Case) -> Row:
    return row(finding_name(case.case.concept), _error(case), number(case.case.score, 4, "+"), _position(case))


def _error(case: Case) -> str:
    return "missed" if case.case.missed else "false alarm"


def _position(case: Case) -> str:
    wrong = percent(case.case.worse_than, 1)
    if case.case.missed:
        return f"{wrong} of the images without it score higher"
    return f"{wrong} of the images with it score lower"
