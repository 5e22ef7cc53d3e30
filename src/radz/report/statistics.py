"""Thresholds, groups of studies, comparisons by finding, wordings and shortcut controls as tables for the console."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from radz.eval.controls import Controls, Negation
from radz.eval.prompts import PromptSensitivity
from radz.metrics.evaluation import Comparison, Estimate, Evaluation, OperatingPoint
from radz.metrics.operating_points import RATES
from radz.report.tables import NO_VALUE, ModelRow, difference_text, estimate_text, new_table

RATE_NAMES = {"f1": "F1", "mcc": "MCC", "sensitivity": "sens.", "specificity": "spec.", "accuracy": "acc."}


def further_tables(rows: Sequence[ModelRow], by_finding: bool) -> list[Table]:
    """What there is besides findings and models; by_finding: comparisons too, a line for each finding."""
    first, evaluation = rows[0], rows[0].evaluation
    assert evaluation is not None, "the evaluated model always has an evaluation"
    tables = [operating_table(evaluation)]
    if evaluation.study_groups:
        tables.append(study_groups_table(evaluation))
    if any(finding.uncertain for finding in evaluation.findings):
        tables.append(uncertain_table(evaluation))
    if by_finding:
        tables += [comparison_table(row.name, row.comparison) for row in rows[1:] if row.comparison]
    if first.prompts:
        tables.append(prompts_table(first.prompts))
    return tables + (controls_tables(first.controls) if first.controls else [])


def further_lines(row: ModelRow) -> list[str]:
    """What must be known to read ``further_tables``."""
    evaluation = row.evaluation
    assert evaluation is not None, "the evaluated model always has an evaluation"
    lines = [
        f"Thresholds from validation: {evaluation.thresholds}. Oracle: the best on the very studies that are "
        "evaluated, as much of the literature reports; it is no result.",
    ]
    if evaluation.study_groups:
        lines.append(
            "Groups average the findings of the macro average that have 5 comparable positives there; everyone: the "
            "same findings over all studies."
        )
    notes = row.controls.notes if row.controls else {}
    return lines + [f"Control not made, {name}: {why.rstrip('.')}." for name, why in notes.items()]


def operating_table(evaluation: Evaluation) -> Table:
    """Findings at validation thresholds, where there are any, then the averages at both kinds of threshold."""
    table = new_table("at thresholds", "", "threshold", *RATE_NAMES.values())
    for finding in evaluation.findings:
        for point in finding.operating:
            if point.source == "validation":
                table.add_row(finding.concept, f"{point.threshold:.4f}", *_plain_rates(point))
    table.add_section()
    for point in evaluation.macro.operating:
        name = f"macro of {len(point.concepts)}\n{point.source}"
        table.add_row(name, "", *(_stacked(getattr(point, rate)) for rate in RATES), style="bold")
    return table


def study_groups_table(evaluation: Evaluation) -> Table:
    """One line per group of studies, with its counts."""
    table = new_table("groups of studies", "", "studies", "patients", "pos", "macro of", "AUROC in stratum", "everyone")
    for group in evaluation.study_groups:
        everyone = NO_VALUE if math.isnan(group.everyone) else f"{group.everyone:.3f}"
        counts = (str(group.studies), str(group.patients), str(group.positives), str(len(group.concepts)))
        table.add_row(f"{group.kind} {group.group}", *counts, estimate_text(group.auroc_within), everyone)
    return table


def uncertain_table(evaluation: Evaluation) -> Table:
    """Uncertain studies as a class of their own."""
    table = new_table("uncertain as a class", "", "studies", "AUROC over absent", "AUROC of present over it")
    for finding in evaluation.findings:
        if (found := finding.uncertain) is not None:
            values = (estimate_text(found.against_absent), estimate_text(found.below_present))
            table.add_row(finding.concept, str(found.studies), *values)
    return table


def comparison_table(name: str, comparison: Comparison) -> Table:
    """One line per finding: what the first model gains over ``name``."""
    columns = ("AUROC in stratum", "p", "Holm", "pooled, DeLong", "p", "Holm")
    table = new_table(f"gain over {name} by finding", "", *columns)
    for concept, difference in comparison.findings.items():
        delong = comparison.delong[concept]
        table.add_row(
            concept,
            *difference_text(difference),
            _p(comparison.holm[concept]),
            NO_VALUE if math.isnan(delong.difference) else f"{delong.difference:+.3f} ± {delong.standard_error:.3f}",
            _p(delong.p_value),
            _p(comparison.delong_holm[concept]),
        )
    return table


def prompts_table(found: PromptSensitivity) -> Table:
    """Each wording, then the median and the worst."""
    table = new_table("the same question in other words", "prompt", "AUROC in stratum, macro")
    for prompt in found.prompts:
        table.add_row(prompt.prompt, estimate_text(prompt.auroc_within))
    table.add_section()
    table.add_row("median", f"{found.median:.3f}", style="bold")
    table.add_row(f"worst: {found.worst.prompt}", estimate_text(found.worst.auroc_within), style="bold")
    return table


def controls_tables(found: Controls) -> list[Table]:
    """Without films, negated, and what features tell."""
    tables = []
    if found.films:
        table = new_table("shortcut controls: without the film", "", "AUROC in stratum", "AUROC pooled", "holds 0.5")
        for control in found.films:
            values = (estimate_text(control.macro.auroc_within), estimate_text(control.macro.auroc_pooled))
            table.add_row(control.name, *values, "yes" if control.passed else "no")
        tables.append(table)
    if found.negation is not None:
        tables.append(_negation_table(found.negation))
    if found.predicted:
        table = new_table("what a probe of the features tells", "", "studies", "AUROC")
        for predicted in found.predicted:
            value = predicted.value or "not stated"
            table.add_row(f"{predicted.key} {value}", str(predicted.studies), estimate_text(predicted.auroc))
        tables.append(table)
    return tables


def _negation_table(found: Negation) -> Table:
    title = "negated prompts: AUROC pooled of each sentence alone"
    table = new_table(title, "", '"X"', '"no X"', "pair", "correlation")
    for row in found.findings:
        table.add_row(row.concept, *map(_value, (row.positive, row.negative, row.pair, row.correlation)))
    table.add_section()
    means = map(estimate_text, (found.positive, found.negative, found.pair))
    table.add_row("macro", *means, _value(found.correlation), style="bold")
    return table


def _plain_rates(point: OperatingPoint) -> list[str]:
    return [_value(getattr(point, rate).value) for rate in RATES]


def _stacked(estimate: Estimate) -> str:
    """The interval below its value, since five of them stand side by side."""
    return estimate_text(estimate).replace(" [", "\n[", 1)


def _value(value: float) -> str:
    return NO_VALUE if math.isnan(value) else f"{value:.3f}"


def _p(value: float) -> str:
    return NO_VALUE if math.isnan(value) else f"{value:.3f}"
