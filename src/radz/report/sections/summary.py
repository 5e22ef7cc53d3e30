"""The few numbers that a reader takes along, and whether they may be called zero-shot."""

from __future__ import annotations

from collections import Counter

from radz.leakage.claims import SUPERVISED
from radz.metrics.evaluation import Estimate, Evaluation
from radz.report.blocks import Callout, Number, Numbers, Prose, Section
from radz.report.contents import Contents
from radz.report.format import between, counted, difference, number, p_value
from radz.report.tables import exposure_line, exposure_of
from radz.types import Exposure

WHY = {
    Exposure.SUPERVISED: "their labels were trained on",
    Exposure.SEEN: "their names stood in training reports",
    Exposure.RELATED: "their texts contain something trained on, or they are a form of it",
    Exposure.UNSEEN: "nothing of them was trained on",
    "unknown": "the scores do not say what the model has seen",
}


def section(contents: Contents) -> Section:
    """Numbers, zero-shot or not and why, and how to read the main number."""
    evaluation = contents.evaluation
    blocks = (Numbers((*_averages(evaluation), _size(evaluation), *_gains(contents))), _verdict(evaluation))
    return Section("summary", "Summary", (*blocks, _main_number(evaluation)))


def _averages(evaluation: Evaluation) -> tuple[Number, ...]:
    macro = evaluation.macro
    of = f"mean of {counted(len(macro.concepts), 'finding')}"
    named = {
        "AUROC within strata": macro.auroc_within,
        "AUROC, all films pooled": macro.auroc_pooled,
        "Average precision": macro.average_precision,
    }
    return tuple(_average(label, value, of) for label, value in named.items())


def _average(label: str, value: Estimate, of: str) -> Number:
    interval = between(value.interval)
    return Number(label, number(value.value), f"95 % {interval}; {of}" if interval else of)


def _size(evaluation: Evaluation) -> Number:
    findings = counted(len(evaluation.findings), "finding")
    return Number(
        "Studies", f"{evaluation.studies:,}", f"of {counted(evaluation.patients, 'patient')}, {findings} scored"
    )


def _gains(contents: Contents) -> list[Number]:
    """Main number over each model that it is compared with."""
    gains = [(row.name, row.comparison.auroc_within) for row in contents.rows if row.comparison]
    return [
        Number(f"Gain over {name}", difference(gain).text, f"95 % {between(gain.interval, sign='+')}; p = {p}")
        for name, gain in gains
        if (p := p_value(gain.p_value))
    ]


def _verdict(evaluation: Evaluation) -> Callout:
    marks = Counter(exposure_of(evaluation, finding.concept) for finding in evaluation.findings)
    reasons = "; ".join(f"{mark} means that {WHY.get(mark, 'it is marked so')}" for mark, _ in marks.most_common())
    overlap = "".join(f" {line[0].upper()}{line[1:]}." for line in evaluation.provenance.overlap)
    return Callout(_label(evaluation, set(marks)), f"{exposure_line(evaluation)}. Here {reasons}.{overlap}")


def _label(evaluation: Evaluation, marks: set[str]) -> str:
    made = evaluation.provenance
    if made.claim == SUPERVISED or made.overlap or Exposure.UNSEEN not in marks:
        return "Not zero-shot"
    return "Zero-shot" if len(marks) == 1 else "Zero-shot in part"


def _main_number(evaluation: Evaluation) -> Prose:
    strata = " and ".join(evaluation.provenance.strata)
    if not strata:
        return Prose("No strata were recorded, so that all films are one stratum and both AUROCs are the same.")
    return Prose(
        f"The main number compares a film that shows a finding only with films without it of the same {strata}. What "
        f"{strata} alone tell about the findings scores 0.5 there; in the pooled number it counts as the model's own."
    )
