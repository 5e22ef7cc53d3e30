"""One evaluation as a page: HTML that needs nothing but itself, Markdown, or JSON, all with the same content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from radz.errors import ConfigError, MissingExtraError
from radz.metrics.hardest_cases import HardestCase
from radz.report.blocks import Page
from radz.report.contents import Contents
from radz.report.format import without_identifiers
from radz.report.sections import sections
from radz.report.tables import as_record, plain
from radz.storage import atomic_file
from radz.types import RESEARCH_USE


def page_of(contents: Contents) -> Page:
    """The blocks of a page."""
    made = contents.evaluation.provenance
    fingerprint = f" {made.fingerprint[:8]}" if made.fingerprint else ""
    place = f"{made.corpus or 'a corpus without name'}, split {made.split or 'unknown'}"
    return Page(f"{made.model}{fingerprint}", place, RESEARCH_USE, sections(contents))


def as_html(contents: Contents) -> str:
    """One file: no script, no request, nothing beside it. Raises MissingExtraError without the extra ``report``."""
    return html_of(page_of(contents))


def html_of(page: Page) -> str:
    """Any page's blocks as HTML, as ``as_html`` does it."""
    return _rendered("page.html.j2", page)


def as_markdown(contents: Contents) -> str:
    """The same without drawings, whose values are in the tables, and without pixels."""
    return _rendered("page.md.j2", page_of(contents))


def as_json(contents: Contents) -> str:
    """The numbers behind it, curves too; no identifier of a study and no pixels."""
    record = as_record(contents.rows)
    made = record["evaluation"]["provenance"]
    made["unreadable"] = len(made["unreadable"])
    made["options"] = without_identifiers(made["options"])
    record["curves"] = plain({m: {c: asdict(one) for c, one in each.items()} for m, each in contents.curves.items()})
    record["scores_sha256"] = dict(contents.hashes)
    record["hardest_cases"] = [plain(_case(one.case)) for one in contents.cases]
    return json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n"


WRITERS: dict[str, Callable[[Contents], str]] = {
    ".html": as_html,
    ".htm": as_html,
    ".md": as_markdown,
    ".json": as_json,
}


def _case(case: HardestCase) -> dict[str, Any]:
    return {name: value for name, value in asdict(case).items() if name != "study"}


def check_path(path: Path) -> None:
    """Raise ConfigError unless the file's ending says what to write."""
    if path.suffix.lower() not in WRITERS:
        raise ConfigError(f"{path.name} does not say what to write; it must end with one of {', '.join(WRITERS)}.")


def write(contents: Contents, path: Path) -> None:
    """Write the report in the format that the file's ending names, atomically."""
    check_path(path)
    with atomic_file(path) as partial:
        partial.write_text(WRITERS[path.suffix.lower()](contents), encoding="utf-8")


def _rendered(template: str, page: Page) -> str:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("A report", "jinja2", "report") from None
    environment = Environment(
        loader=PackageLoader("radz.report"),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = _for_markdown
    return environment.get_template(template).render(page=page)


def _for_markdown(text: str) -> str:
    """Characters that Markdown would take for marks."""
    for mark in "\\`*_<>|[]":
        text = text.replace(mark, "\\" + mark)
    return text
