"""Tables of scores to the rows of a result: each model's evaluation, and what the first gains over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from radz.calibration.attached import assess_calibration, attached_calibration, attached_reference
from radz.calibration.hierarchy import groups_of
from radz.calibration.order import order_keys, stored_percentiles, stored_probabilities
from radz.errors import CalibrationError
from radz.eval.robustness import Checks, assess_controls, sensitivity
from radz.knowledge import KnowledgeBase
from radz.metrics.image_ranking import ImageRankings, rank_findings
from radz.metrics.references import ANY_FINDING, any_finding
from radz.metrics.score_matrix import UncertainPolicy, as_matrix, without_normal
from radz.metrics.scores_file import ScoresProvenance, ScoresTable
from radz.metrics.summary import compare, summarise
from radz.metrics.thresholds import Thresholds
from radz.report.contents import ModelRow


@dataclass(frozen=True, slots=True)
class EvalSettings:
    """Choices that turn scores into numbers.

    draws: of the bootstrap. uncertain: policy for uncertain labels. thresholds: from validation scores.
    """

    draws: int = 1000
    seed: int = 0
    uncertain: UncertainPolicy = "ignore"
    findings_files: Sequence[Path] = ()
    thresholds: Sequence[Thresholds] = ()


def by_model(tables: Sequence[ScoresTable]) -> dict[str, ScoresTable]:
    """Tables by model name; a second table of the same name gets its fingerprint and number behind it."""
    named: dict[str, ScoresTable] = {}
    for number, table in enumerate(tables, start=1):
        name = table.provenance.model
        named[name if name not in named else f"{name} {table.provenance.fingerprint[:8]} ({number})"] = table
    return named


def model_rows(
    tables: Mapping[str, ScoresTable], checks: Checks, notes: Mapping[str, str], settings: EvalSettings
) -> list[ModelRow]:
    """The model first, with its groups, calibration and checks, then its references with what it gains over them.

    The last reference is ``any_finding``, made from the labels. notes: reference without scores -> why. Raises
    CalibrationError for thresholds of none of the models.
    """
    first = next(iter(tables.values()))
    chosen = [*thresholds_by_table([t.provenance for t in tables.values()], settings.thresholds), None]
    _, *others = {**tables, ANY_FINDING: any_finding(first, settings.uncertain)}.items()
    rows = [_first_row(*next(iter(tables.items())), checks, chosen[0], settings)]
    numbers = {"draws": settings.draws, "seed": settings.seed, "uncertain": settings.uncertain}
    for (name, table), thresholds in zip(others, chosen[1:], strict=True):
        summary = summarise(table, **numbers, thresholds=thresholds)  # type: ignore[arg-type]
        rows.append(ModelRow(name, summary, compare(first, table, **numbers)))  # type: ignore[arg-type]
    return rows + [ModelRow(name, note=note) for name, note in notes.items()]


def thresholds_by_table(
    scored: Sequence[ScoresProvenance], thresholds: Sequence[Thresholds]
) -> list[Thresholds | None]:
    """For each table of scores the thresholds of its model, if there are any.

    Raises CalibrationError for thresholds of none of the models.
    """
    for chosen in thresholds:
        if not any(chosen.matches(provenance) for provenance in scored):
            names = ", ".join(f"{each.model} {each.fingerprint[:8]}".strip() for each in scored)
            raise CalibrationError(
                f"Thresholds of {chosen.model} {chosen.fingerprint[:8]} with the anchors '{chosen.anchors}' fit none "
                f"of the models that are evaluated ({names}). Make them from the same model's validation scores."
            )
    return [next((chosen for chosen in thresholds if chosen.matches(provenance)), None) for provenance in scored]


def _first_row(
    name: str, table: ScoresTable, checks: Checks, thresholds: Thresholds | None, settings: EvalSettings
) -> ModelRow:
    draws, seed, uncertain = settings.draws, settings.seed, settings.uncertain
    evaluation = summarise(
        table,
        draws=draws,
        seed=seed,
        uncertain=uncertain,
        groups=groups_of(table.concepts, KnowledgeBase.load(settings.findings_files)),
        thresholds=thresholds,
        study_groups=True,
    )
    row = ModelRow(
        name,
        evaluation,
        prompts=sensitivity(checks, draws=draws, seed=seed, uncertain=uncertain),
        controls=assess_controls(checks, draws=draws, seed=seed, uncertain=uncertain),
        ranking=rank_within_studies(table, draws=draws, seed=seed, uncertain=uncertain),
    )
    reliability = assess_calibration(table, uncertain)
    if isinstance(reliability, str):
        return replace(row, uncalibrated=reliability)
    return replace(row, reliability=reliability)


def rank_within_studies(
    table: ScoresTable, *, draws: int, seed: int, uncertain: UncertainPolicy = "ignore"
) -> ImageRankings | None:
    """Findings of each study ranked by raw score and, where they were attached, by percentile and as they are shown."""
    matrix = as_matrix(without_normal(table), uncertain)
    rankings, others, name = {"raw score": matrix.scores}, matrix.scores, "raw score"
    reference, stored = attached_reference(table), attached_calibration(table)
    if reference is not None:
        others, name = order_keys(stored_percentiles(matrix, reference), matrix.scores), "percentile"
        rankings[name] = others
    if stored is not None:
        rankings[f"probability, then {name}"] = order_keys(stored_probabilities(matrix, stored), others)
    provenance = table.provenance
    return rank_findings(matrix, rankings, provenance.frequency, provenance.frequency_of, draws=draws, seed=seed)
