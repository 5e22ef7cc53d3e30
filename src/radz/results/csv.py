"""Results as CSV in long form: one line per image and finding."""

from __future__ import annotations

import csv
from typing import ClassVar, TextIO

from radz.errors import printable
from radz.report.format import plain_number, yes_or_no
from radz.types import Finding, Result

COLUMNS = ("image", "finding", "score", "probability", "exposure", "note", "in_set", "abstained", "percentile")
FORMULA = ("=", "+", "-", "@")
"""A text that begins with one of these is a formula to a spreadsheet."""


class CsvWriter:
    """A refused image has one line, with its reason in ``note``; notes on the file follow those on a finding.

    CSV has no room for the research-use notice. Control characters are escaped, and a text that a spreadsheet would run
    as a formula gets an apostrophe in front.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    def __init__(self, file: TextIO, top: int | None = None) -> None:
        """``top`` has no effect: all findings are written."""
        self._rows = csv.writer(file, lineterminator="\n")

    def begin(self) -> None:
        """Write the names of the columns."""
        self._rows.writerow(COLUMNS)

    def write(self, result: Result) -> None:
        """Write one line per finding, or one with the reason for a refusal."""
        if result.error:
            self._rows.writerow((cell(result.image), "", "", "", "", cell(f"refused: {result.error}"), "", "", ""))
        self._rows.writerows(_line(result, finding) for finding in result.findings)

    def end(self) -> None:
        """CSV has nothing after the last line."""


def cell(text: str) -> str:
    """A text that neither a terminal nor a spreadsheet acts on."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def _line(result: Result, finding: Finding) -> tuple[str, ...]:
    return (
        cell(result.image),
        cell(finding.name),
        plain_number(finding.score),
        "" if finding.probability is None else plain_number(finding.probability),
        finding.exposure.value,
        cell("; ".join(filter(None, (finding.note, *result.notes)))),
        yes_or_no(finding.in_set),
        cell(result.abstained),
        "" if finding.percentile is None else plain_number(finding.percentile),
    )


plugin = CsvWriter
