"""Result types of an evaluation. ``summary`` fills them, reports show them; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from radz.metrics.bootstrap import Difference, Interval
from radz.metrics.delong import DelongInterval, DelongTest
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import ScoresProvenance

ThresholdSource = Literal["validation", "oracle"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its interval; NaN where undefined."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Rates at the threshold of one finding, or their mean over ``concepts`` with ``threshold`` NaN.

    source: ``validation``, chosen on validation studies; ``oracle``, chosen on the evaluated studies themselves, as
    much of the literature does, and never a result. The threshold stays fixed while studies are resampled.
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
    """Studies with an uncertain label as a third class (policy ``separate``), within strata.

    against_absent: AUROC of uncertain against absent. below_present: AUROC of present against uncertain. A value of one
    half means that the score does not separate the two.
    """

    studies: int
    against_absent: Estimate
    below_present: Estimate


@dataclass(frozen=True, slots=True)
class FindingEvaluation:
    """One finding. Counts are of studies.

    comparable: positives whose stratum also holds a negative. negatives_abnormal: negatives that show another finding;
    comparable_abnormal: positives whose stratum also holds one. unscored: labelled studies without a score.
    left_out: why the macro average excludes this finding; empty if it is included. delong: of the pooled AUROC.
    """

    concept: str
    positives: int
    negatives: int
    comparable: int
    comparable_abnormal: int
    negatives_abnormal: int
    unscored: int
    auroc_within: Estimate
    auroc_abnormal: Estimate
    auroc_pooled: Estimate
    average_precision: Estimate
    left_out: str
    delong: DelongInterval | None = None
    operating: tuple[OperatingPoint, ...] = ()
    uncertain: UncertainEvaluation | None = None


@dataclass(frozen=True, slots=True)
class MacroEvaluation:
    """Means over ``concepts``. All findings share the bootstrap draws of the interval.

    auroc_within: W, positives against negatives of the same stratum. auroc_abnormal: A, the same against negatives that
    show another finding, over ``concepts_abnormal``, those of ``concepts`` with enough positives comparable that way.
    """

    concepts: tuple[str, ...]
    concepts_abnormal: tuple[str, ...]
    auroc_within: Estimate
    auroc_abnormal: Estimate
    auroc_pooled: Estimate
    average_precision: Estimate
    operating: tuple[OperatingPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupEvaluation:
    """One disease group: means over ``concepts``, its findings that the macro average includes.

    findings: number of scored findings of the group. positives: studies that show any of ``concepts``.
    """

    group: str
    findings: int
    concepts: tuple[str, ...]
    positives: int
    auroc_within: Estimate
    auroc_abnormal: Estimate


@dataclass(frozen=True, slots=True)
class StudyGroupEvaluation:
    """Studies that share a value of ``kind`` (view, sex, age band or source): mean AUROC over ``concepts``.

    concepts: findings of the macro average with enough comparable positives among these studies. everyone: mean AUROC
    within strata of the same findings over all studies, so that the mix of findings does not distort the comparison.
    """

    kind: str
    group: str
    studies: int
    patients: int
    positives: int
    concepts: tuple[str, ...]
    auroc_within: Estimate
    auroc_abnormal: Estimate
    auroc_pooled: Estimate
    everyone: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All results of one table of scores, with the choices behind them.

    thresholds: where the validation thresholds come from, or why there are none.
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
    """First table minus second on identical studies and draws: macro averages, and both AUROCs by finding.

    findings, findings_abnormal: concept -> difference of ``auroc_within`` and of ``auroc_abnormal``. holm,
    holm_abnormal: concept -> their p-values, adjusted for the number of findings. delong: concept -> test of the pooled
    AUROCs. delong_holm: concept -> its adjusted p-value.
    """

    auroc_within: Difference
    auroc_abnormal: Difference
    auroc_pooled: Difference
    average_precision: Difference
    findings: Mapping[str, Difference]
    holm: Mapping[str, float]
    findings_abnormal: Mapping[str, Difference]
    holm_abnormal: Mapping[str, float]
    delong: Mapping[str, DelongTest] = field(default_factory=dict)
    delong_holm: Mapping[str, float] = field(default_factory=dict)
