"""One evaluation as a page: HTML, Markdown or JSON for a file, or the console. All have the same content."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from radz.errors import ConfigError
from radz.metrics.evaluation import Evaluation
from radz.report import html, markdown
from radz.report.blocks import Page
from radz.report.contents import Contents, ModelRow
from radz.report.format import counted
from radz.report.record import page_record
from radz.report.sections import FOR_FILES, sections
from radz.storage import atomic_file
from radz.types import RESEARCH_USE


def page_of(contents: Contents) -> Page:
    """The blocks of the whole page."""
    provenance = contents.evaluation.provenance
    fingerprint = f" {provenance.fingerprint[:8]}" if provenance.fingerprint else ""
    return Page(f"{provenance.model}{fingerprint}", data_line(contents.evaluation), RESEARCH_USE, sections(contents))


def data_line(evaluation: Evaluation) -> str:
    """What was evaluated on: ``chestxray14, split test: 1,495 studies of 900 patients``."""
    provenance = evaluation.provenance
    data = f"{provenance.corpus or 'a corpus without a name'}, split {provenance.split or 'unknown'}"
    size = f"{counted(evaluation.studies, 'study', 'studies')} of {counted(evaluation.patients, 'patient')}"
    return f"{data}: {size}"


def console_page(rows: Sequence[ModelRow], *, by_finding: bool) -> Page:
    """The page for the console, without drawings and provenance; by_finding: with each model's gain on each finding.

    Raises ScoresError if the first row has no evaluation.
    """
    page = page_of(Contents(tuple(rows)))
    hidden = FOR_FILES if by_finding else (*FOR_FILES, "gains", "delong")
    shown = tuple(section for section in page.sections if section.name not in hidden)
    return Page(page.title, page.subtitle, page.notice, shown)


def as_html(contents: Contents) -> str:
    """One file that needs no network and no script. Raises MissingExtraError without the extra ``report``."""
    return html.render(page_of(contents))


def as_markdown(contents: Contents) -> str:
    """The same without drawings, whose values are in the tables, and without pixels."""
    return markdown.render(page_of(contents))


def as_json(contents: Contents) -> str:
    """The numbers with all their digits, and the curves; no identifier of a study and no pixels."""
    return json.dumps(page_record(contents), indent=1, ensure_ascii=False, default=str) + "\n"


WRITERS: dict[str, Callable[[Contents], str]] = {
    ".html": as_html,
    ".htm": as_html,
    ".md": as_markdown,
    ".json": as_json,
}


def check_path(path: Path) -> None:
    """Raise ConfigError unless the file's suffix names a format."""
    if path.suffix.lower() not in WRITERS:
        raise ConfigError(f"{path.name} does not name a format; it must end with one of {', '.join(WRITERS)}.")


def write(contents: Contents, path: Path) -> None:
    """Write the report in the format of the file's suffix; the file appears whole or not at all."""
    check_path(path)
    text = WRITERS[path.suffix.lower()](contents)
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
