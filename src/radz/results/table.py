"""Results as tables for people: the first findings of each image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TextIO

from radz.errors import printable
from radz.report.blocks import Table, row, table
from radz.report.console import open_console, show_block
from radz.report.format import number, percent, yes_or_no
from radz.types import RESEARCH_USE, Finding, Result

PERCENTILE = "higher than: share of reference images of the same view that score lower for this finding"


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
    """The ``top`` findings of an image, all by default.

    Probability, percentile and set are shown if any of these has one, the score if none has one of the first two.
    """
    findings = result.findings[:top]
    cells = {name: [text_of(finding) for finding in findings] for name, text_of in JUDGED.items()}
    shown = {name: texts for name, texts in cells.items() if any(texts)}
    if not shown.keys() & {"probability", "higher than"}:
        shown = {"score": [number(finding.score, sign="+") for finding in findings], **shown}
    columns = ("rank", "finding", *shown, "exposure")
    rows = [
        row(str(i + 1), printable(finding.name), *(texts[i] for texts in shown.values()), finding.exposure.value)
        for i, finding in enumerate(findings)
    ]
    notes = [*([PERCENTILE] if "higher than" in shown else []), *_notes(result, findings)]
    return table(printable(result.image), columns, rows, words={"finding", "in set", "exposure"}, notes=notes)


def _percent(share: float | None) -> str:
    return "" if share is None else percent(share)


JUDGED: Mapping[str, Callable[[Finding], str]] = {
    "probability": lambda finding: _percent(finding.probability),
    "higher than": lambda finding: _percent(finding.percentile),
    "in set": lambda finding: yes_or_no(finding.in_set),
}
"""Column -> its text for a finding, empty where there is none."""


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
