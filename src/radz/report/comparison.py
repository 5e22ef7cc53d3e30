"""Several models next to each other: quality with paired differences, cost, and what each has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from radz.eval.cost import Cost
from radz.report.blocks import Page, Prose, Section
from radz.report.contents import Contents, ModelRow
from radz.report.exposure import exposure_lines
from radz.report.format import count, counted
from radz.report.page import data_line
from radz.report.sections.cost import costs_table
from radz.report.sections.findings import undefined_draws
from radz.report.sections.models import models_tables
from radz.types import RESEARCH_USE


def comparison_page(rows: Sequence[ModelRow], costs: Sequence[Cost]) -> Page:
    """The page of ``radz compare``. Raises ScoresError if the first model has no evaluation."""
    evaluation = Contents(tuple(rows)).evaluation
    return Page(
        f"{rows[0].name} compared with {counted(len(rows) - 1, 'other model')}",
        data_line(evaluation),
        RESEARCH_USE,
        (
            Section("models", "Quality", (*models_tables(rows), Prose(_protocol(rows)))),
            *([Section("cost", "Cost", (costs_table({cost.model: asdict(cost) for cost in costs}),))] if costs else []),
            Section("exposure", "Exposure", tuple(map(Prose, exposure_lines(rows)))),
        ),
        kind="Comparison",
    )


def _protocol(rows: Sequence[ModelRow]) -> str:
    evaluation = rows[0].evaluation
    assert evaluation is not None
    strata = " × ".join(evaluation.provenance.strata) or "all studies are one"
    return (
        f"Strata: {strata}. Intervals: 95%, percentiles of {counted(evaluation.draws, 'draw')} of patients, seed "
        f"{count(evaluation.seed)}; undefined draws, dropped: {undefined_draws(evaluation)}. Uncertain labels: "
        f"{evaluation.uncertain}. Protocol {evaluation.protocol_hash}."
    )
