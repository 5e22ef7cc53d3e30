"""Results as tables for people: the highest-scored findings of each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TextIO

from radz.errors import printable
from radz.report.blocks import Row, Table, row, table
from radz.report.console import open_console, show_block
from radz.report.format import number, percent, yes_or_no
from radz.types import RESEARCH_USE, Finding, Result


class TableWriter:
    """One table per image that was not refused, then the research-use notice."""

    suffixes: ClassVar[tuple[str, ...]] = (".txt",)

    def __init__(self, file: TextIO, top: int | None = None) -> None:
        """top: findings shown of each image, all by default."""
        self._console, self._top = open_console(file), top

    def begin(self) -> None:
        """A table has nothing before the first image."""

    def write(self, result: Result) -> None:
        """Write the table of one image; the command line lists refused ones."""
        if not result.error:
            show_block(result_table(result, self._top), self._console)
            self._console.print()

    def end(self) -> None:
        """Write the research-use notice."""
        self._console.print(RESEARCH_USE)


def result_table(result: Result, top: int | None = None) -> Table:
    """The ``top`` findings of an image, all by default. Probability and set are shown if any of these has one."""
    findings = result.findings[:top]
    calibrated = any(finding.probability is not None or finding.in_set is not None for finding in findings)
    columns = ("rank", "finding", "score", *(("probability", "in set") if calibrated else ()), "exposure")
    rows = [_row(rank, finding, calibrated) for rank, finding in enumerate(findings, start=1)]
    words = {"finding", "in set", "exposure"}
    return table(printable(result.image), columns, rows, words=words, notes=_notes(result, findings))


def _row(rank: int, finding: Finding, calibrated: bool) -> Row:
    probability = "" if finding.probability is None else percent(finding.probability)
    known = (probability, yes_or_no(finding.in_set)) if calibrated else ()
    return row(str(rank), printable(finding.name), number(finding.score, sign="+"), *known, finding.exposure.value)


def _notes(result: Result, findings: Sequence[Finding]) -> list[str]:
    """Why the model abstains from this image, each note with the findings that it is about, and notes on the file."""
    names: dict[str, list[str]] = {}
    for finding in findings:
        names.setdefault(finding.note, []).append(finding.name)
    about = {note: ", ".join(names[note]) if len(names) > 1 else "all" for note in names if note}
    abstained = [f"not assessed: {result.abstained}"] if result.abstained else []
    notes = [*abstained, *(f"{note} ({findings_of})" for note, findings_of in about.items()), *result.notes]
    return [printable(note) for note in notes]


plugin = TableWriter
