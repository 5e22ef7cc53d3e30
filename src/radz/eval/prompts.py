"""How much a result depends on the wording: median and worst over a set of prompts with the same meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from radz.errors import ScoresError
from radz.metrics.evaluation import Estimate, Evaluation


@dataclass(frozen=True, slots=True)
class PromptResult:
    """One wording: macro AUROC within strata, and each finding's."""

    prompt: str
    auroc_within: Estimate
    findings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PromptSensitivity:
    """Results over the wordings of one set, for the findings of the macro average.

    median: of the macro averages. worst: the wording with the lowest. spread: finding -> (median, worst) of its AUROC.
    """

    prompts: tuple[PromptResult, ...]
    median: float
    worst: PromptResult
    spread: Mapping[str, tuple[float, float]]


def prompt_sensitivity(evaluations: Sequence[Evaluation]) -> PromptSensitivity:
    """Sensitivity from evaluations of the same studies, one per wording, which ``provenance.prompts`` names.

    Raises ScoresError for an empty sequence, and for evaluations of different findings or studies.
    """
    if not evaluations:
        raise ScoresError("Sensitivity to prompts needs scores of at least one wording, got none.")
    first = evaluations[0]
    for other in evaluations[1:]:
        if (other.macro.concepts, other.studies) != (first.macro.concepts, first.studies):
            raise ScoresError(
                f"'{other.provenance.prompts}' was scored on {other.studies} studies and averages "
                f"{len(other.macro.concepts)} findings, '{first.provenance.prompts}' on {first.studies} and "
                f"{len(first.macro.concepts)}: wordings are compared on the same."
            )
    results = tuple(_result(evaluation) for evaluation in evaluations)
    values = np.array([result.auroc_within.value for result in results])
    by_finding = {c: np.array([result.findings[c] for result in results]) for c in first.macro.concepts}
    return PromptSensitivity(
        prompts=results,
        median=float(np.median(values)),
        worst=results[int(np.argmin(values))],
        spread={concept: (float(np.median(each)), float(each.min())) for concept, each in by_finding.items()},
    )


def _result(evaluation: Evaluation) -> PromptResult:
    values = {finding.concept: finding.auroc_within.value for finding in evaluation.findings}
    averaged = {concept: values[concept] for concept in evaluation.macro.concepts}
    return PromptResult(evaluation.provenance.prompts, evaluation.macro.auroc_within, averaged)
