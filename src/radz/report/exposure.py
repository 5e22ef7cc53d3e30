"""What the evaluated model has seen of the findings, in words: whether a result may be called zero-shot."""

from __future__ import annotations

from collections.abc import Sequence

from radz.leakage.claims import claim_statement
from radz.metrics.evaluation import Evaluation
from radz.report.contents import ModelRow


def exposure_of(evaluation: Evaluation, concept: str) -> str:
    """Exposure mark of a concept; ``unknown`` where the scores do not record it."""
    return str(evaluation.provenance.exposure.get(concept, "unknown"))


def exposure_line(evaluation: Evaluation) -> str:
    """How many findings the model has seen, e.g. ``14 findings, all supervised: not a zero-shot result``."""
    return claim_statement(evaluation.provenance, [finding.concept for finding in evaluation.findings])


def exposure_lines(rows: Sequence[ModelRow]) -> list[str]:
    """What each model has seen of the findings, as far as it is known."""
    return [f"{row.name}: {exposure_line(row.evaluation)}." for row in rows if row.evaluation is not None]
