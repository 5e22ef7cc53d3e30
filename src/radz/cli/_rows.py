"""Tables of scores to the rows of a comparison, for `radz evaluate` and `radz report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from radz.cli.thresholds import fitting

if TYPE_CHECKING:
    from radz.eval.robustness import Checks
    from radz.metrics.scores_file import ScoresTable, UncertainPolicy
    from radz.metrics.thresholds import Thresholds
    from radz.report.contents import ModelRow


@dataclass(frozen=True, slots=True)
class How:
    """What turns scores into numbers."""

    draws: int
    seed: int
    uncertain: UncertainPolicy
    findings_files: Sequence[Path] = ()
    thresholds: Sequence[Thresholds] = ()


def named(tables: Sequence[ScoresTable]) -> dict[str, ScoresTable]:
    """Tables by model name; a second table of the same name gets its fingerprint or number behind it."""
    named: dict[str, ScoresTable] = {}
    for number, table in enumerate(tables, start=1):
        name = table.provenance.model
        named[name if name not in named else f"{name} {table.provenance.fingerprint[:8]} ({number})"] = table
    return named


def model_rows(tables: Mapping[str, ScoresTable], checks: Checks, notes: Mapping[str, str], how: How) -> list[ModelRow]:
    """The model first, with its groups, calibration and checks, then its references with what it gains over them.

    notes: reference without scores -> why. Raises CalibrationError for thresholds that are of none of the tables.
    """
    from radz.metrics.summary import compare, summarise
    from radz.report.contents import ModelRow

    (_, first), *others = tables.items()
    own = fitting([table.provenance for table in tables.values()], how.thresholds)
    rows = [_first_row(*next(iter(tables.items())), checks, own[0], how)]
    for (name, table), chosen in zip(others, own[1:], strict=True):
        comparison = compare(first, table, draws=how.draws, seed=how.seed, uncertain=how.uncertain)
        summary = summarise(table, draws=how.draws, seed=how.seed, uncertain=how.uncertain, thresholds=chosen)
        rows.append(ModelRow(name, summary, comparison))
    return rows + [ModelRow(name, note=note) for name, note in notes.items()]


def _first_row(name: str, table: ScoresTable, checks: Checks, chosen: Thresholds | None, how: How) -> ModelRow:
    from radz.calibration.attached import assess_calibration
    from radz.calibration.hierarchy import groups_of
    from radz.eval.robustness import assess_controls, sensitivity
    from radz.knowledge import KnowledgeBase
    from radz.metrics.summary import summarise
    from radz.report.contents import ModelRow

    groups = groups_of(table.concepts, KnowledgeBase.load(how.findings_files))
    whole = summarise(
        table,
        draws=how.draws,
        seed=how.seed,
        uncertain=how.uncertain,
        groups=groups,
        thresholds=chosen,
        study_groups=True,
    )
    row = ModelRow(
        name,
        whole,
        prompts=sensitivity(checks, draws=how.draws, seed=how.seed, uncertain=how.uncertain),
        controls=assess_controls(checks, draws=how.draws, seed=how.seed, uncertain=how.uncertain),
    )
    found = assess_calibration(table, how.uncertain)
    return replace(row, uncalibrated=found) if isinstance(found, str) else replace(row, reliability=found)
