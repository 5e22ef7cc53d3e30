"""An evaluation written as pages, for `radz evaluate --report` and `radz report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from radz.metrics.scores_file import ScoresTable, UncertainPolicy
    from radz.report.contents import Case, ModelRow


def write_pages(
    rows: Sequence[ModelRow],
    tables: Mapping[str, ScoresTable],
    paths: Sequence[Path],
    uncertain: UncertainPolicy,
    cases: Sequence[Case] = (),
) -> None:
    """Write the report of ``rows`` to each of ``paths`` and say where it is."""
    from radz.report.contents import Contents
    from radz.report.page import write

    contents = Contents.of(rows, tables, uncertain, cases)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for path in paths:
        write(contents, path)
        console.print(f"report: {path}")
    if any(case.image for case in cases):
        console.print("The HTML holds pixels of patients' films: pass it on only as you would pass on the films.")
