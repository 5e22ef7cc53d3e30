"""What is in a corpus and what is wrong with it, as tables and lines for the console. Nothing here reads or prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table

from radz.data.check import ALIKE, DUPLICATE, LABELS, LAYOUT, MISSING, PATIENTS, UNREADABLE, Checked, Fault
from radz.data.describe import Description

SHOWN = 10
KINDS = {
    LAYOUT: "the corpus is not as it should be",
    LABELS: "labels that are none of the corpus's",
    PATIENTS: "patients in more than one split",
    MISSING: "films missing",
    UNREADABLE: "films unreadable",
    DUPLICATE: "files there more than once",
    ALIKE: "pictures there more than once, in different files",
}


def description_tables(described: Description) -> Iterator[Table]:
    """Splits, labels, then views, sexes, ages and sources."""
    yield _table(f"{described.corpus}: studies", "split", described.splits)
    yield _table("labels", "finding", described.labels)
    for group, values in described.groups.items():
        yield _table(group, group, values)


def check_lines(found: Checked) -> Iterator[str]:
    """What was looked at, then each kind of fault with its first films, then where to obtain what is missing."""
    yield f"{found.corpus}: {found.studies:,} studies, {found.images:,} images read"
    for kind, said in KINDS.items():
        faults = [fault for fault in found.faults if fault.kind == kind]
        if faults:
            serious = sum(fault.serious for fault in faults)
            yield f"{said}: {len(faults):,}" + (f", {serious:,} serious" if 0 < serious < len(faults) else "")
            yield from (f"  {_line(fault)}" for fault in sorted(faults, key=lambda fault: not fault.serious)[:SHOWN])
            if len(faults) > SHOWN:
                yield f"  and {len(faults) - SHOWN:,} more, see --format json"
    if any(fault.kind in (LAYOUT, MISSING) for fault in found.faults):
        yield f"obtain: {found.about['obtain']}"
        yield f"terms:  {found.about['terms']}"
    yield "sound" if found.sound else "not sound: see above"


def _line(fault: Fault) -> str:
    films = ", ".join(fault.films[:4]) + (f" and {len(fault.films) - 4} more" if len(fault.films) > 4 else "")
    return f"{films}: {fault.message}" if films else fault.message


def _table(title: str, first: str, rows: Mapping[str, Mapping[str, int]]) -> Table:
    columns = [*dict.fromkeys(column for row in rows.values() for column in row)]
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{row.get(column, 0):,}" for column in columns))
    return table
