"""Results as CSV in long form: one line per image and finding."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import ClassVar, TextIO

from radz.report.format import plain_number, yes_or_no
from radz.types import Finding, Result

COLUMNS = ("image", "finding", "score", "probability", "exposure", "note", "in_set", "abstained")


class CsvWriter:
    """A refused image has one line, with its reason in ``note``; notes on the file follow those on a finding.

    CSV has no room for the research-use notice.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    def write(self, results: Iterable[Result], file: TextIO, *, top: int | None = None) -> None:
        """Write all findings; ``top`` has no effect."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for result in results:
            if result.error:
                writer.writerow((result.image, "", "", "", "", f"refused: {result.error}", "", ""))
            writer.writerows(_line(result, finding) for finding in result.findings)


def _line(result: Result, finding: Finding) -> tuple[str, ...]:
    return (
        result.image,
        finding.name,
        plain_number(finding.score),
        "" if finding.probability is None else plain_number(finding.probability),
        finding.exposure.value,
        "; ".join(filter(None, (finding.note, *result.notes))),
        yes_or_no(finding.in_set),
        result.abstained,
    )


plugin = CsvWriter
