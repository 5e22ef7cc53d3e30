"""``radz thresholds``: scores of a validation split in, a threshold for each finding out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from radz.cli.console import say


class ThresholdRule(StrEnum):
    """What the threshold maximises."""

    F1 = "f1"
    MCC = "mcc"
    YOUDEN = "youden"


def thresholds(
    scores: Annotated[Path, typer.Argument(help="Scores that `radz evaluate --split val` wrote.")],
    *,
    rule: Annotated[ThresholdRule, typer.Option(help="What to maximise; youden: sensitivity + specificity.")] = (
        ThresholdRule.F1
    ),
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("thresholds.json"),
) -> None:
    """Choose thresholds on validation scores, for `radz evaluate --thresholds`."""
    from radz.metrics.scores_file import read_scores
    from radz.metrics.thresholds import fit_thresholds, write_thresholds

    fitted = fit_thresholds(read_scores(scores), rule.value)
    write_thresholds(fitted, out)
    say(f"thresholds of {len(fitted.values)} findings by {fitted.rule}, {fitted.studies} studies: {out}")
    for concept, reason in fitted.refused.items():
        say(f"no threshold of {concept}: {reason}")
