"""What an evaluation says, as types: ``zero_shot`` computes them, reports show them, nothing here computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from radz.metrics.bootstrap import Difference, Interval
from radz.metrics.delong import DelongInterval, DelongTest
from radz.metrics.scores_file import ScoresProvenance, UncertainPolicy

ThresholdSource = Literal["validation", "oracle"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One metric, NaN where undefined, and its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What thresholds make of the studies: of one finding, or the mean over ``concepts`` with ``threshold`` NaN.

    source: ``validation``, chosen on validation films; ``oracle``, chosen on the very studies that are evaluated, as
    much of the literature does, and never a result. A threshold is held still while studies are drawn.
    """

    source: ThresholdSource
    threshold: float
    concepts: tuple[str, ...]
    f1: Estimate
    mcc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class UncertainEvaluation:
    """Studies whose label is uncertain, as a class of their own (policy ``separate``), within strata.

    against_absent: AUROC of uncertain against absent; below_present: AUROC of present against uncertain. One half each
    means that the score does not tell them apart.
    """

    studies: int
    against_absent: Estimate
    below_present: Estimate


@dataclass(frozen=True, slots=True)
class FindingEvaluation:
    """One finding. Counts are of studies.

    comparable: positives in strata that also hold a negative. unscored: labelled studies without a score.
    left_out: why the macro average is without this finding; empty where it is in. delong: of the pooled AUROC.
    """

    concept: str
    positives: int
    negatives: int
    comparable: int
    unscored: int
    auroc_within: Estimate
    auroc_pooled: Estimate
    average_precision: Estimate
    left_out: str
    delong: DelongInterval | None = None
    operating: tuple[OperatingPoint, ...] = ()
    uncertain: UncertainEvaluation | None = None


@dataclass(frozen=True, slots=True)
class MacroEvaluation:
    """Means over ``concepts``, each with an interval from draws that all its findings share."""

    concepts: tuple[str, ...]
    auroc_within: Estimate
    auroc_pooled: Estimate
    average_precision: Estimate
    operating: tuple[OperatingPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupEvaluation:
    """One disease group: mean AUROC within strata over ``concepts``, those of the group that the macro average takes.

    findings: how many of the group were scored. positives: studies that show any of ``concepts``.
    """

    group: str
    findings: int
    concepts: tuple[str, ...]
    positives: int
    auroc_within: Estimate


@dataclass(frozen=True, slots=True)
class StudyGroupEvaluation:
    """Studies that share a value of ``kind`` (view, sex, age band or source): mean AUROC over ``concepts``.

    concepts: findings of the macro average with enough comparable positives among these studies. everyone: the mean
    within strata over the same findings of all studies, so that a group is not compared by its mix of findings.
    """

    kind: str
    group: str
    studies: int
    patients: int
    positives: int
    concepts: tuple[str, ...]
    auroc_within: Estimate
    auroc_pooled: Estimate
    everyone: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything a table of scores says, and what is needed to argue with it.

    thresholds: what is to be said of thresholds from validation: where they are from, or why there are none.
    """

    provenance: ScoresProvenance
    studies: int
    patients: int
    findings: tuple[FindingEvaluation, ...]
    macro: MacroEvaluation
    draws: int
    seed: int
    min_positives: int
    uncertain: UncertainPolicy
    protocol_hash: str
    groups: tuple[GroupEvaluation, ...] = ()
    study_groups: tuple[StudyGroupEvaluation, ...] = ()
    thresholds: str = ""

    @property
    def left_out(self) -> dict[str, str]:
        """Findings outside the macro average -> why."""
        return {finding.concept: finding.left_out for finding in self.findings if finding.left_out}


@dataclass(frozen=True, slots=True)
class Comparison:
    """First table minus second on identical studies and draws: macro averages, and AUROC within strata by finding.

    holm: concept -> p-value adjusted for the number of findings. delong: concept -> test of the pooled AUROCs;
    delong_holm: its p-values, adjusted.
    """

    auroc_within: Difference
    auroc_pooled: Difference
    average_precision: Difference
    findings: Mapping[str, Difference]
    holm: Mapping[str, float]
    delong: Mapping[str, DelongTest] = field(default_factory=dict)
    delong_holm: Mapping[str, float] = field(default_factory=dict)
