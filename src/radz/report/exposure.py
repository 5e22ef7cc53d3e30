"""What the evaluated model has seen of the findings, in words: whether a result may be called zero-shot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from radz.leakage.claims import SUPERVISED
from radz.metrics.evaluation import Evaluation
from radz.report.contents import ModelRow
from radz.report.format import counted
from radz.types import Exposure


def exposure_of(evaluation: Evaluation, concept: str) -> str:
    """Exposure mark of a concept; ``unknown`` where the scores do not record it."""
    return str(evaluation.provenance.exposure.get(concept, "unknown"))


def exposure_line(evaluation: Evaluation) -> str:
    """How many findings the model has seen, e.g. ``14 findings, all supervised: not a zero-shot result``."""
    marks = Counter(exposure_of(evaluation, finding.concept) for finding in evaluation.findings)
    findings, provenance = counted(len(evaluation.findings), "finding"), evaluation.provenance
    if provenance.claim == SUPERVISED:
        return f"{findings}: a supervised result"
    if set(marks) == {Exposure.UNSEEN}:
        return f"{findings}, all unseen: {'not a' if provenance.overlap else 'a'} zero-shot result"
    if len(marks) == 1:
        return f"{findings}, all {next(iter(marks))}: not a zero-shot result"
    parts = ", ".join(f"{count} {mark}" for mark, count in marks.most_common())
    some = marks[Exposure.UNSEEN] and not provenance.overlap
    return f"{findings}, {parts}: {'only the unseen are zero-shot' if some else 'not a zero-shot result'}"


def exposure_lines(rows: Sequence[ModelRow]) -> list[str]:
    """What each model has seen of the findings, as far as it is known."""
    return [f"{row.name}: {exposure_line(row.evaluation)}." for row in rows if row.evaluation is not None]
