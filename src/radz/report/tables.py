"""An evaluation as tables for the console, and as plain values for JSON.

Nothing here computes a number; nothing here prints.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from radz.calibration.reliability import Reliability
from radz.eval.controls import Controls
from radz.eval.prompts import PromptSensitivity
from radz.leakage.claims import SUPERVISED
from radz.metrics.bootstrap import Difference
from radz.metrics.evaluation import Comparison, Estimate, Evaluation
from radz.types import RESEARCH_USE, Exposure

NO_VALUE = "–"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model of the comparison, without an evaluation where ``note`` says why it has no number.

    comparison: the evaluated model minus this one. reliability: of its calibration; ``uncalibrated`` why there is none.
    prompts, controls: of the evaluated model, where they were asked for.
    """

    name: str
    evaluation: Evaluation | None = None
    comparison: Comparison | None = None
    note: str = ""
    reliability: Reliability | None = None
    uncalibrated: str = ""
    prompts: PromptSensitivity | None = None
    controls: Controls | None = None


def title(evaluation: Evaluation) -> str:
    """Which model, on what, and whether it may be called zero-shot."""
    made = evaluation.provenance
    fingerprint = f" {made.fingerprint[:8]}" if made.fingerprint else ""
    place = " ".join(filter(None, (made.corpus, made.split))) or "a corpus without name"
    counts = f"{evaluation.studies} studies of {evaluation.patients} patients"
    lines = [f"{made.model}{fingerprint} on {place}: {counts}", exposure_line(evaluation), *made.overlap]
    return "\n".join(lines)


def exposure_line(evaluation: Evaluation) -> str:
    """How many findings the model has seen, e.g. ``14 findings, all supervised: not a zero-shot result``."""
    marks = [exposure_of(evaluation, finding.concept) for finding in evaluation.findings]
    count = f"{len(marks)} finding{'s' if len(marks) != 1 else ''}"
    kinds = Counter(marks)
    made = evaluation.provenance
    if made.claim == SUPERVISED:
        return f"{count}: a supervised result"
    if set(kinds) == {Exposure.UNSEEN}:
        return f"{count}, all unseen: {'not a' if made.overlap else 'a'} zero-shot result"
    if len(kinds) == 1:
        return f"{count}, all {marks[0]}: not a zero-shot result"
    parts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    zero_shot = (
        "only the unseen are zero-shot" if kinds[Exposure.UNSEEN] and not made.overlap else "not a zero-shot result"
    )
    return f"{count}, {parts}: {zero_shot}"


def exposure_of(evaluation: Evaluation, concept: str) -> str:
    """Exposure mark of a concept; ``unknown`` where the scores do not say."""
    return str(evaluation.provenance.exposure.get(concept, "unknown"))


def findings_table(evaluation: Evaluation) -> Table:
    """One line per finding, best first, then the macro average; findings outside it carry a star."""
    table = Table(title=title(evaluation), title_justify="left", title_style="bold")
    for name in ("finding", "pos", "neg", "comp", "AUROC in stratum", "AUROC pooled", "AP", "exposure"):
        table.add_column(name, justify="left" if name in ("finding", "exposure") else "right", no_wrap=True)
    for finding in sorted(evaluation.findings, key=_best_first):
        table.add_row(
            finding.concept + ("*" if finding.left_out else ""),
            *map(str, (finding.positives, finding.negatives, finding.comparable)),
            *_metrics(finding),
            exposure_of(evaluation, finding.concept),
        )
    table.add_section()
    table.add_row(f"macro of {len(evaluation.macro.concepts)}", "", "", "", *_metrics(evaluation.macro), style="bold")
    return table


def groups_table(evaluation: Evaluation) -> Table:
    """One line per disease group: which findings it averages, studies that show any of them, and the average."""
    table = Table(title="disease groups", title_justify="left", title_style="bold")
    for name in ("group", "macro of", "pos", "AUROC in stratum"):
        table.add_column(name, justify="left" if name == "group" else "right", no_wrap=True)
    for group in evaluation.groups:
        counted = f"{len(group.concepts)} of {group.findings}"
        table.add_row(group.group, counted, str(group.positives), estimate_text(group.auroc_within))
    return table


def models_table(rows: Sequence[ModelRow]) -> Table:
    """Macro averages of each model, and how much the first gains over each other one.

    A model without scores for some finding averages fewer of them; the gain is over what both score.
    """
    table = Table(title="macro averages on the same studies", title_justify="left", title_style="bold")
    for name in ("model", "findings", "AUROC in stratum", "AUROC pooled", "AP", "in-stratum gain over it", "p"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for row in rows:
        if row.evaluation is None:
            table.add_row(row.name, NO_VALUE, row.note)
            continue
        macro, gain = row.evaluation.macro, row.comparison.auroc_within if row.comparison else None
        count = str(len(macro.concepts))
        table.add_row(row.name, count, *_metrics(macro), *(difference_text(gain) if gain else ("", "")))
    return table


def reliability_tables(found: Reliability) -> list[Table]:
    """Probabilities before and after calibration, and what refusing far films leaves."""
    quality = new_table("probabilities", "made how", "ECE", "Brier")
    for row in found.qualities:
        quality.add_row(row.name, f"{row.calibration_error:.3f}", f"{row.brier:.4f}")
    coverage = new_table("the nearest films", "coverage", "films", "Brier")
    for part in found.risk_coverage:
        coverage.add_row(f"{part.coverage:.0%}", str(part.images), f"{part.risk:.4f}")
    return [quality, coverage] if found.risk_coverage else [quality]


def reliability_lines(found: Reliability) -> list[str]:
    """What was counted, refusals, the area under risk and coverage, and the recall of finding sets."""
    lines = [
        f"Probabilities are of {', '.join(found.findings) or 'no finding'}: {found.pairs} film-finding pairs, "
        f"{found.positives} of them present. Coverage: the share of films that lie nearest to the calibration films.",
        f"Abstention: {found.refused} of {found.images} films lie too far to be judged; area under Brier score and "
        f"coverage {found.aurc:.4f}, {found.risk:.4f} if films were left out at random.",
    ]
    if (kept := found.set_recall) is not None:
        lines.append(
            f"Finding sets: recall {kept.value:.3f} [{kept.low:.3f}, {kept.high:.3f}] of {kept.images} films with a "
            f"finding ({kept.patients} patients, Hoeffding 95 %), {kept.promised:.2f} was calibrated for; a set holds "
            f"{kept.size:.1f} of {kept.findings} findings."
        )
    return lines


def new_table(title: str, first: str, *others: str) -> Table:
    """A table whose columns but the first stand to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def footnotes(evaluation: Evaluation) -> list[str]:
    """What a reader must know to argue with the table."""
    lines = [
        f"Main number: AUROC over positive-negative pairs of the same stratum ({_strata(evaluation)}); comp: positives "
        "that have such a pair. What the stratum alone tells scores 0.5 there.",
        f"95 % intervals: {evaluation.draws} draws of patients, seed {evaluation.seed}; "
        f"uncertain labels: {evaluation.uncertain}; protocol {evaluation.protocol_hash}.",
        f"Undefined draws, dropped: {_dropped(evaluation)}.",
        "Metrics are of scores as the model gives them; only what `radz predict` shows raises a finding to its kinds.",
    ]
    lines += [f"* {concept} is left out of the macro average: {why}." for concept, why in evaluation.left_out.items()]
    unscored = {f.concept: f.unscored for f in evaluation.findings if f.unscored}
    lines += [f"{concept}: {count} labelled studies have no score." for concept, count in unscored.items()]
    return [*lines, RESEARCH_USE]


def as_record(rows: Sequence[ModelRow]) -> dict[str, Any]:
    """The same as plain values, for JSON: the first model whole, the others as macro averages and gains."""
    first, others = rows[0].evaluation, rows[1:]
    assert first is not None, "the evaluated model always has an evaluation"
    record = {
        "notice": RESEARCH_USE,
        "zero_shot": exposure_line(first),
        "evaluation": asdict(first),
        "left_out": first.left_out,
        "reliability": asdict(rows[0].reliability) if rows[0].reliability else None,
        "uncalibrated": rows[0].uncalibrated,
        "prompts": asdict(rows[0].prompts) if rows[0].prompts else None,
        "controls": asdict(rows[0].controls) if rows[0].controls else None,
        "models": [_model_record(row) for row in others],
    }
    made: dict[str, Any] = plain(record)
    return made


def _model_record(row: ModelRow) -> dict[str, Any]:
    macro = asdict(row.evaluation.macro) if row.evaluation else None
    gain = asdict(row.comparison) if row.comparison else None
    return {"model": row.name, "macro": macro, "gain_over_it": gain, "note": row.note}


def _metrics(values: Any) -> tuple[str, str, str]:
    precision = values.average_precision.value
    pooled, within = estimate_text(values.auroc_pooled), estimate_text(values.auroc_within)
    return within, pooled, NO_VALUE if math.isnan(precision) else f"{precision:.3f}"


def estimate_text(estimate: Estimate) -> str:
    """``0.667 [0.620, 0.709]``."""
    if math.isnan(estimate.value):
        return NO_VALUE
    return f"{estimate.value:.3f} [{estimate.interval.low:.3f}, {estimate.interval.high:.3f}]"


def difference_text(difference: Difference) -> tuple[str, str]:
    """``+0.025 [-0.022, +0.072]`` and the p-value."""
    if math.isnan(difference.value):
        return NO_VALUE, NO_VALUE
    interval = difference.interval
    return f"{difference.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]", f"{difference.p_value:.3f}"


def _dropped(evaluation: Evaluation) -> str:
    counts = {finding.concept: finding.auroc_within.interval.dropped for finding in evaluation.findings}
    counts["macro"] = evaluation.macro.auroc_within.interval.dropped
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


def _strata(evaluation: Evaluation) -> str:
    return " x ".join(evaluation.provenance.strata) or "all studies are one"


def _best_first(finding: Any) -> tuple[bool, float]:
    value = finding.auroc_within.value
    return bool(finding.left_out), math.inf if math.isnan(value) else -value


def plain(value: Any) -> Any:
    """NaN is not JSON: it becomes null."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
