"""An evaluation or a comparison as plain values for JSON. Nothing here computes a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from radz.eval.cost import Cost
from radz.metrics.hardest_cases import HardestCase
from radz.report.contents import Contents, ModelRow
from radz.report.exposure import exposure_line
from radz.report.format import without_identifiers
from radz.types import RESEARCH_USE


def as_record(rows: Sequence[ModelRow]) -> dict[str, Any]:
    """The first model's whole evaluation, and macro averages and gains of the others."""
    first, evaluation = rows[0], rows[0].evaluation
    assert evaluation is not None, "the evaluated model always has an evaluation"
    record = {
        "notice": RESEARCH_USE,
        "zero_shot": exposure_line(evaluation),
        "evaluation": asdict(evaluation),
        "left_out": evaluation.left_out,
        "reliability": asdict(first.reliability) if first.reliability else None,
        "uncalibrated": first.uncalibrated,
        "prompts": asdict(first.prompts) if first.prompts else None,
        "image_ranking": asdict(first.ranking) if first.ranking else None,
        "controls": asdict(first.controls) if first.controls else None,
        "models": [_model_record(row) for row in rows[1:]],
    }
    plain: dict[str, Any] = _without_nan(record)
    return plain


def comparison_record(rows: Sequence[ModelRow], costs: Sequence[Cost], files: Mapping[str, Path]) -> dict[str, Any]:
    """Each model's whole evaluation with its cost and the file of its scores."""
    cost_of = {cost.model: asdict(cost) for cost in costs}
    models = [
        {
            "model": row.name,
            "zero_shot": exposure_line(row.evaluation) if row.evaluation else None,
            "evaluation": asdict(row.evaluation) if row.evaluation else None,
            "gain_of_first": asdict(row.comparison) if row.comparison else None,
            "cost": cost_of.get(row.name),
            "scores": str(files[row.name]) if row.name in files else None,
            "note": row.note,
        }
        for row in rows
    ]
    plain: dict[str, Any] = _without_nan({"notice": RESEARCH_USE, "models": models})
    return plain


def page_record(contents: Contents) -> dict[str, Any]:
    """The numbers behind a page, with its curves; no identifier of a study and no pixels."""
    record = as_record(contents.rows)
    provenance = record["evaluation"]["provenance"]
    provenance["unreadable"] = len(provenance["unreadable"])
    provenance["options"] = without_identifiers(provenance["options"])
    curves = {model: {c: asdict(curve) for c, curve in each.items()} for model, each in contents.curves.items()}
    record["curves"] = _without_nan(curves)
    record["scores_sha256"] = dict(contents.hashes)
    record["hardest_cases"] = [_without_nan(_case_record(case.case)) for case in contents.cases]
    return record


def _model_record(row: ModelRow) -> dict[str, Any]:
    macro = asdict(row.evaluation.macro) if row.evaluation else None
    gain = asdict(row.comparison) if row.comparison else None
    return {"model": row.name, "macro": macro, "gain_over_it": gain, "note": row.note}


def _case_record(case: HardestCase) -> dict[str, Any]:
    return {name: value for name, value in asdict(case).items() if name != "study"}


def _without_nan(value: Any) -> Any:
    """The same value with null for NaN, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
