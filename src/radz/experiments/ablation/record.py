"""The record of a plan: every number of its finished cells, and no image.

A record is JSON, small enough to be kept with the code. Pages are made from records alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from radz.errors import ConfigError
from radz.eval.scoring import STRATA
from radz.experiments.ablation.arm_record import arm_record, training_seconds
from radz.experiments.ablation.plan import Ablation
from radz.experiments.ablation.runs import RUN, Place
from radz.metrics.protocol import MIN_POSITIVES, protocol_hash
from radz.metrics.scores_file import ScoresTable, read_scores
from radz.provenance import software_versions
from radz.storage import UnreadableError, atomic_file, load_json
from radz.types import RESEARCH_USE, Exposure

Record = Mapping[str, Any]


def record_of(ablation: Ablation, scores: Mapping[Place, Path], *, draws: int = 1000) -> dict[str, Any]:
    """All numbers of the finished cells, as plain values. scores: cell -> its file of scores, finished or not."""
    tables = {place: read_scores(path) for place, path in scores.items() if path.is_file()}
    plan = ablation.plan
    return {
        "name": ablation.name,
        "title": plan.title,
        "question": plan.question,
        "notice": RESEARCH_USE,
        "folds": plan.folds,
        "seeds": [*plan.seeds],
        "draws": draws,
        "base": str(plan.base),
        "arms": {name: arm_record(ablation, name, tables, scores, draws) for name in ablation.arms},
        "needs": plan.needs,
        "start_seconds": _start_seconds(path.parent for place, path in scores.items() if place in tables),
        "texts": sorted({cell.config.data.report_policy for cell in ablation.cells}),
        "data": _data(tables.values()),
        "protocol": protocol_hash(("fold", *STRATA), draws, 0, MIN_POSITIVES, "ignore"),
        "exposure": _exposures(tables.values()),
        "positives": _positives(tables.values()),
        "software": software_versions() if tables else {},
    }


def write_record(record: Record, path: Path) -> None:
    """Write it as JSON; a number that is undefined becomes null."""
    text = json.dumps(_plain(record), indent=1, ensure_ascii=False) + "\n"
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def read_records(directory: Path) -> dict[str, Record]:
    """Plan name -> its record. Raises ConfigError if there is none."""
    files = {path.stem: _read(path) for path in sorted(directory.glob("*.json"))}
    records: dict[str, Record] = {
        n: value for n, value in files.items() if isinstance(value, dict) and isinstance(value.get("arms"), dict)
    }
    if not records:
        raise ConfigError(f"{directory} holds no record of an ablation: `radz ablate PLAN` writes PLAN.json there.")
    return records


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("arms"), dict)


def _read(path: Path) -> Any:
    try:
        return load_json(path)
    except (FileNotFoundError, UnreadableError) as error:
        raise ConfigError(f"{path} {error}. Remove it and run `radz ablate` again.") from None


def is_finished(record: Record) -> bool:
    """Whether any run of the plan is finished."""
    return any(arm["done"] for arm in record["arms"].values())


def _data(tables: Iterable[ScoresTable]) -> dict[str, str]:
    """Images that were scored, as corpus, split and fold -> hash of the studies."""
    provenances = [table.provenance for table in tables]
    return {" ".join(filter(None, (p.corpus, p.split, p.fold))): p.split_hash for p in provenances}


def _exposures(tables: Iterable[ScoresTable]) -> dict[str, str]:
    """What the arms have seen of each finding; the strongest exposure of any arm."""
    order = [mark.value for mark in Exposure]
    marks: dict[str, str] = {}
    for table in tables:
        for concept, mark in table.provenance.exposure.items():
            marks[concept] = min(marks.get(concept, mark), mark, key=order.index)
    return marks


def _positives(tables: Iterable[ScoresTable]) -> dict[str, int]:
    """Studies that show each finding, over the folds that were scored."""
    studies: dict[str, set[str]] = {}
    for table in tables:
        present = table.rows.loc[table.rows["label"] == 1, ["concept", "study"]]
        for concept, study in present.itertuples(index=False):
            studies.setdefault(str(concept), set()).add(str(study))
    return {concept: len(ids) for concept, ids in sorted(studies.items())}


def _start_seconds(folders: Iterable[Path]) -> dict[str, float | None]:
    """Run that others started from -> how long it took."""
    starts = {json.loads((folder / RUN).read_text(encoding="utf-8"))["config"]["start"] for folder in folders}
    return {Path(start).parent.name: training_seconds(Path(start).parent) for start in sorted(filter(None, starts))}


def _plain(value: Any) -> Any:
    """Floats rounded to six digits, NaN as null, keys as text."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
