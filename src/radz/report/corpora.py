"""Pages about a corpus: its contents and its faults. Nothing here reads or prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from radz.data.check import ALIKE, DUPLICATE, LABELS, LAYOUT, MISSING, PATIENTS, UNREADABLE, Checked, Fault
from radz.data.describe import Description
from radz.report.blocks import Block, Callout, Page, Prose, Section, Table, row, table
from radz.report.format import count, counted
from radz.types import RESEARCH_USE

SHOWN = 10
"""Faults of one kind that are listed."""
NAMED = 4
"""Files of one fault that are named."""
KINDS = {
    LAYOUT: "unexpected layout of the corpus",
    LABELS: "labels that the corpus does not have",
    PATIENTS: "patients in more than one split",
    MISSING: "images missing",
    UNREADABLE: "images unreadable",
    DUPLICATE: "files that occur more than once",
    ALIKE: "images that occur more than once, in different files",
}


def description_page(description: Description) -> Page:
    """Counts by split and label, then by view, sex, age and source."""
    tables = [
        _counts("Studies by split", "split", description.splits),
        _counts("Studies by label", "finding", description.labels),
        *(_counts(f"Studies by {group}", group, values) for group, values in description.groups.items()),
    ]
    sections = (Section("counts", "Counts", tuple(tables)),)
    return Page(description.corpus, "what is in the corpus; no image was read", RESEARCH_USE, sections, "Corpus")


def check_page(checked: Checked) -> Page:
    """What was checked, each kind of fault with its first files, and where to obtain what is missing."""
    subtitle = f"{counted(checked.studies, 'study', 'studies')}, {counted(checked.images, 'image')} read"
    sections = (Section("check", "Check", tuple(_check_blocks(checked))),)
    return Page(checked.corpus, subtitle, RESEARCH_USE, sections, "Corpus check")


def _counts(caption: str, first: str, rows: Mapping[str, Mapping[str, int]]) -> Table:
    columns = [*dict.fromkeys(column for values in rows.values() for column in values)]
    cells = [row(name, *(count(values.get(column, 0)) for column in columns)) for name, values in rows.items()]
    return table(caption, (first, *columns), cells)


def _check_blocks(checked: Checked) -> Iterator[Block]:
    for kind, title in KINDS.items():
        faults = [fault for fault in checked.faults if fault.kind == kind]
        if faults:
            yield _faults(title, faults)
    if any(fault.kind in (LAYOUT, MISSING) for fault in checked.faults):
        yield Prose(f"Obtain: {checked.about['obtain']}")
        yield Prose(f"Terms: {checked.about['terms']}")
    yield Prose("The corpus is sound.") if checked.sound else Callout("Not sound", "Correct the serious faults above.")


def _faults(title: str, faults: Sequence[Fault]) -> Table:
    """The first faults of one kind, serious ones first."""
    serious = sum(fault.serious for fault in faults)
    some = f", {count(serious)} serious" if 0 < serious < len(faults) else ""
    first = sorted(faults, key=lambda fault: not fault.serious)[:SHOWN]
    more = [f"and {count(len(faults) - SHOWN)} more, see --format json"] if len(faults) > SHOWN else []
    rows = [row(_files(fault), fault.message) for fault in first]
    return table(f"{title}: {count(len(faults))}{some}", ("files", "fault"), rows, words={"fault"}, notes=more)


def _files(fault: Fault) -> str:
    names = ", ".join(fault.images[:NAMED])
    return names + (f" and {count(len(fault.images) - NAMED)} more" if len(fault.images) > NAMED else "")
