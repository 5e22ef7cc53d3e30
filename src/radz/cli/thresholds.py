"""``radz thresholds``: scores of a validation split in, the thresholds of its findings out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.errors import CalibrationError

if TYPE_CHECKING:
    from radz.metrics.scores_file import ScoresProvenance
    from radz.metrics.thresholds import Thresholds


class ThresholdRule(StrEnum):
    """What is to be greatest at the threshold."""

    F1 = "f1"
    MCC = "mcc"
    YOUDEN = "youden"


def thresholds(
    scores: Annotated[Path, typer.Argument(help="Scores that `radz evaluate --split val` wrote.")],
    *,
    rule: Annotated[ThresholdRule, typer.Option(help="What is to be greatest; youden: sensitivity + specificity.")] = (
        ThresholdRule.F1
    ),
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("thresholds.json"),
) -> None:
    """Choose thresholds on validation scores, for `radz evaluate --thresholds`."""
    from radz.metrics.scores_file import read_scores
    from radz.metrics.thresholds import fit_thresholds, write_thresholds

    made = fit_thresholds(read_scores(scores), rule.value)
    write_thresholds(made, out)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(f"thresholds of {len(made.values)} findings by {made.rule}, {made.studies} studies: {out}")
    for concept, reason in made.refused.items():
        console.print(f"no threshold of {concept}: {reason}")


def read_each(paths: Sequence[Path]) -> list[Thresholds]:
    """The thresholds in each file."""
    if not paths:
        return []
    from radz.metrics.thresholds import read_thresholds

    return [read_thresholds(path) for path in paths]


def fitting(scored: Sequence[ScoresProvenance], found: Sequence[Thresholds]) -> list[Thresholds | None]:
    """For each table of scores the thresholds that are of its model, if any are.

    Raises CalibrationError for thresholds that are of none of the tables.
    """
    for chosen in found:
        if not any(chosen.matches(made) for made in scored):
            names = ", ".join(f"{made.model} {made.fingerprint[:8]}".strip() for made in scored)
            raise CalibrationError(
                f"Thresholds of {chosen.model} {chosen.fingerprint[:8]} with the anchors '{chosen.anchors}' fit none "
                f"of the models that are evaluated ({names}). Make them from the same model's validation scores."
            )
    return [next((chosen for chosen in found if chosen.matches(made)), None) for made in scored]
