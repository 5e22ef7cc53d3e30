"""The few numbers that a reader takes away, and whether they may be called zero-shot."""

from __future__ import annotations

from collections import Counter

from radz.leakage.claims import SUPERVISED, is_zero_shot
from radz.metrics.evaluation import Estimate, Evaluation
from radz.report.blocks import Callout, Number, Numbers, Prose, Section
from radz.report.contents import Contents
from radz.report.exposure import exposure_line, exposure_of
from radz.report.format import bounds, count, counted, number, p_value
from radz.types import Exposure

WHY = {
    Exposure.SUPERVISED: "the model was trained on their labels",
    Exposure.SEEN: "their names were in training reports",
    Exposure.RELATED: "their texts contain something that the model was trained on, or they are a form of it",
    Exposure.UNSEEN: "the model was trained on nothing about them",
    "unknown": "the scores do not record what the model has seen",
}


def section(contents: Contents) -> Section:
    """Numbers, zero-shot or not and why, and how to read the main number."""
    evaluation = contents.evaluation
    numbers = Numbers((*_averages(evaluation), _size(evaluation), *_gains(contents)))
    return Section("summary", "Summary", (numbers, _verdict(evaluation), _main_number(evaluation)))


def _averages(evaluation: Evaluation) -> tuple[Number, ...]:
    macro = evaluation.macro
    averages = {
        "AUROC within strata": (macro.auroc_within, macro.concepts),
        "AUROC against abnormal": (macro.auroc_abnormal, macro.concepts_abnormal),
        "AUROC, all images pooled": (macro.auroc_pooled, macro.concepts),
        "Average precision": (macro.average_precision, macro.concepts),
    }
    return tuple(
        _average(label, value, f"mean of {counted(len(concepts), 'finding')}")
        for label, (value, concepts) in averages.items()
    )


def _average(label: str, value: Estimate, findings: str) -> Number:
    interval = bounds(value.interval)
    return Number(label, number(value.value), f"95% {interval}; {findings}" if interval else findings)


def _size(evaluation: Evaluation) -> Number:
    findings = counted(len(evaluation.findings), "finding")
    detail = f"of {counted(evaluation.patients, 'patient')}, {findings} scored"
    return Number("Studies", count(evaluation.studies), detail)


def _gains(contents: Contents) -> list[Number]:
    """The gain in both main numbers over each model that it is compared with, where it is defined."""
    comparisons = {row.name: row.comparison for row in contents.rows if row.comparison}
    gains = {
        name: gain
        for model, comparison in comparisons.items()
        for name, gain in ((model, comparison.auroc_within), (f"{model}, abnormal", comparison.auroc_abnormal))
    }
    return [
        Number(
            f"Gain over {name}",
            number(gain.value, sign="+"),
            f"95% {bounds(gain.interval, sign='+')}; p = {p_value(gain.p_value)}",
        )
        for name, gain in gains.items()
        if bounds(gain.interval)
    ]


def _verdict(evaluation: Evaluation) -> Callout:
    marks = Counter(exposure_of(evaluation, finding.concept) for finding in evaluation.findings)
    reasons = "; ".join(f"{mark} means that {WHY.get(mark, 'it is marked so')}" for mark, _ in marks.most_common())
    overlap = "".join(f" {line[0].upper()}{line[1:]}." for line in evaluation.provenance.overlap)
    return Callout(_label(evaluation, set(marks)), f"{exposure_line(evaluation)}. Here {reasons}.{overlap}")


def _label(evaluation: Evaluation, marks: set[str]) -> str:
    provenance = evaluation.provenance
    if provenance.claim == SUPERVISED:
        return "Supervised"
    if not any(is_zero_shot(provenance, mark) for mark in marks):
        return "Not zero-shot"
    return "Zero-shot" if len(marks) == 1 else "Zero-shot in part"


def _main_number(evaluation: Evaluation) -> Prose:
    strata = " and ".join(evaluation.provenance.strata)
    abnormal = (
        " Against abnormal: the same, with only those images without the finding that show another one. The single bit "
        "“any finding”, used for every finding, scores 0.5 there."
    )
    if not strata:
        return Prose(
            "No strata were recorded: all images form one stratum; the AUROCs within strata and pooled are the same."
            + abnormal
        )
    return Prose(
        f"The main number compares an image with a finding only with images without it of the same {strata}. Whatever "
        f"{strata} alone reveal about the findings scores 0.5 there; the pooled number credits it to the model."
        + abnormal
    )
