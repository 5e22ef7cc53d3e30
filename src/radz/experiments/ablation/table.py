"""What came out of a plan: a record of numbers without any film, and its page.

The record is JSON, small enough to be kept beside the code; pages are made from records, never from anything else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from radz.calibration.hierarchy import groups_of
from radz.errors import ScoresError
from radz.eval.scoring import STRATA
from radz.experiments.ablation.make import SECONDS
from radz.experiments.ablation.plan import Ablation
from radz.experiments.ablation.runs import LACKING, RUN, Place
from radz.knowledge import KnowledgeBase
from radz.metrics.bootstrap import Difference
from radz.metrics.evaluation import Estimate
from radz.metrics.protocol import MIN_POSITIVES, protocol_hash
from radz.metrics.repeats import RepeatsDifference, compare_repeats, merge_folds, summarise_repeats
from radz.metrics.scores_file import ScoresTable, read_scores
from radz.metrics.summary import macro_auroc
from radz.provenance import software_versions
from radz.report import html
from radz.report.blocks import Page, Prose, Section, row, table
from radz.types import RESEARCH_USE, Exposure

EMPTY = ""
"""An unfinished cell."""
Rows = tuple[list[str], list[list[str]]]
"""Names of the columns, and rows of cells."""


def record_of(ablation: Ablation, scores: Mapping[Place, Path], *, draws: int = 1000) -> dict[str, Any]:
    """Everything that the finished cells of ``scores`` say, as plain values for JSON."""
    tables = {place: read_scores(path) for place, path in scores.items() if path.is_file()}
    plan, names = ablation.plan, [*ablation.arms]
    arms = {name: _arm(ablation, name, tables, scores, draws) for name in names}
    return {
        "name": ablation.name,
        "title": plan.title,
        "question": plan.question,
        "notice": RESEARCH_USE,
        "folds": plan.folds,
        "seeds": [*plan.seeds],
        "draws": draws,
        "base": str(plan.base),
        "arms": arms,
        "needs": plan.needs,
        "start_seconds": _start_seconds(path.parent for place, path in scores.items() if place in tables),
        "texts": sorted({cell.config.data.report_policy for cell in ablation.cells}),
        "data": _data(tables.values()),
        "protocol": protocol_hash(("fold", *STRATA), draws, 0, MIN_POSITIVES, "ignore"),
        "exposure": _exposures(tables.values()),
        "positives": _positives(tables.values()),
        "software": software_versions() if tables else {},
    }


def write_record(record: Mapping[str, Any], path: Path) -> None:
    """As JSON; a value that is not a number is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(record), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def sections_of(record: Mapping[str, Any]) -> list[tuple[str, list[str], list[Rows]]]:
    """(heading, paragraphs, tables) of the page; Markdown and HTML are made of the same."""
    parts = [("Arms", [*filter(None, [record["question"]]), *notes(record)], [arms_rows(record)])]
    for title, kind in (("By disease group", "groups"), ("By finding", "findings")):
        if found := parts_rows(record, kind):
            parts.append((title, [], [found]))
    return [*parts, ("Runs", [], [cells_rows(record)])]


def page_of(record: Mapping[str, Any]) -> str:
    """The record as Markdown: the arms, disease groups, findings and runs."""
    parts = [f"# {record['title']}"]
    for heading, paragraphs, tables in sections_of(record):
        parts += [f"## {heading}", *paragraphs, *(markdown(*rows) for rows in tables)]
    return "\n\n".join([*parts, RESEARCH_USE]) + "\n"


def html_page_of(record: Mapping[str, Any]) -> str:
    """The same as one HTML file. Raises MissingExtraError without the extra ``report``."""
    sections = [
        Section(
            heading.lower().replace(" ", "-"),
            heading,
            (
                *map(Prose, paragraphs),
                *(table(heading, head, [row(*cells) for cells in rows]) for head, rows in tables),
            ),
        )
        for heading, paragraphs, tables in sections_of(record)
    ]
    subtitle = f"{len(record['arms'])} arms, {record['folds']} folds, {len(record['seeds'])} seeds"
    return html.render(Page(record["title"], subtitle, RESEARCH_USE, tuple(sections), "Ablation"))


def arms_rows(record: Mapping[str, Any]) -> Rows:
    """Each arm's macro AUROCs within strata, their differences to the first arm, and the claim that it tests.

    Records of radz 0.1 have no AUROC against abnormal negatives; their tables have no columns for it.
    """
    first = next(iter(record["arms"]))
    with_abnormal = any("auroc_abnormal" in arm for arm in record["arms"].values())
    rows = [
        [
            name,
            f"{arm['done']} of {arm['cells_planned']}",
            interval(arm.get("auroc_within")) or arm.get("lacks", EMPTY),
            signed(arm.get("difference")),
            p_value(arm.get("difference")),
            *(
                [
                    interval(arm.get("auroc_abnormal")),
                    signed(arm.get("difference_abnormal")),
                    p_value(arm.get("difference_abnormal")),
                ]
                if with_abnormal
                else []
            ),
            (_number(arm.get("seed_sd")) or "one seed") if arm["done"] else EMPTY,
            "" if arm.get("claim") is None else f"{arm['claim']:.1f}",
        ]
        for name, arm in record["arms"].items()
    ]
    metrics = ["AUROC in stratum", *(["AUROC against abnormal"] if with_abnormal else [])]
    head = [part for metric in metrics for part in (metric, f"minus {first}", "p")]
    return ["arm", "runs", *head, "s.d. over seeds", "article claims, × 100"], rows


def parts_rows(record: Mapping[str, Any], kind: str) -> Rows | None:
    """AUROC within strata of each group or finding (``kind``: groups or findings), one column an arm."""
    arms = {name: arm[kind] for name, arm in record["arms"].items() if arm.get(kind)}
    names = sorted({part for own in arms.values() for part in own})
    count = {name: f"{record['positives'].get(name, '')}" for name in names}
    head = ["group" if kind == "groups" else "finding", *(["positives"] if kind == "findings" else []), *arms]
    rows = [
        [name, *([count[name]] if kind == "findings" else []), *(interval(own.get(name)) for own in arms.values())]
        for name in names
    ]
    return (head, rows) if rows else None


def cells_rows(record: Mapping[str, Any]) -> Rows:
    """Macro AUROC within strata of each run; unfinished ones are empty."""
    places = [(seed, f"{k}/{record['folds']}") for seed in record["seeds"] for k in range(1, record["folds"] + 1)]
    rows = [
        [name, *(_number(arm["cells"].get(f"seed {seed}, fold {fold}")) for seed, fold in places)]
        for name, arm in record["arms"].items()
    ]
    return ["arm", *(f"seed {seed}, fold {fold}" for seed, fold in places)], rows


def notes(record: Mapping[str, Any]) -> list[str]:
    """What has to be said with the numbers: how they were made, and whether they may be called zero-shot."""
    if not any(arm["done"] for arm in record["arms"].values()):
        return ["Nothing has been run yet."]
    return [how_line(record), zero_shot_line(record), *time_line([record])]


def how_line(record: Mapping[str, Any]) -> str:
    """The average, its films and its intervals in words, for a record with finished arms."""
    first = next(arm for arm in record["arms"].values() if arm["done"])
    count = len(record["seeds"])
    seeds = f"{count} seeds" if count > 1 else "one seed: the intervals do not include the variation between seeds"
    return (
        f"Macro AUROC over {len(first['findings'])} findings, positives compared with negatives of the same fold, "
        f"source and view; 95 % intervals from {record['draws']} bootstrap draws of the {first['patients']} patients "
        f"({first['studies']} films), at the seeds that were run ({seeds}). Differences are paired over films and "
        "seeds and over the runs that both arms have finished."
    )


def time_line(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """How long the runs of these records took, each counted once, where they say so."""
    runs, starts = dict[str, float | None](), dict[str, float | None]()
    for record in records:
        starts |= record.get("start_seconds", {})
        for arm in record["arms"].values():
            names = [arm["runs"][place] for place in arm["cells"]]
            runs |= dict(zip(names, arm["training_seconds"], strict=True))
    trained, begun = ([s for s in found.values() if s is not None] for found in (runs, starts))
    if not trained:
        return []
    line = (
        f"Training an arm on a fold took {median(trained) / 60:.1f} minutes (median), and "
        f"{max(trained) / 60:.1f} at most ({len(trained)} runs)"
    )
    if begun:
        line += f"; the stage that arms start from took {median(begun) / 60:.1f}, once per fold, seed and set of films "
        line += f"({len(begun)})"
    return [f"{line}; {(sum(trained) + sum(begun)) / 3600:.1f} hours in total, by the clock."]


def zero_shot_line(record: Mapping[str, Any]) -> str:
    """Label-text supervised, or zero-shot, by what the models have seen of the findings."""
    marks = {*record["exposure"].values()}
    if marks == {Exposure.UNSEEN.value}:
        return "No model had seen any of these findings: a zero-shot result."
    unseen = sorted(c for c, mark in record["exposure"].items() if mark == Exposure.UNSEEN.value)
    rest = f" Only {', '.join(unseen)} may be called zero-shot." if unseen else " None of it is a zero-shot result."
    if record["texts"] == ["report"]:
        return "The models were trained on reports." + rest
    return "The training texts are sentences written from labels: these models are label-text supervised." + rest


def interval(estimate: Sequence[float | None] | None) -> str:
    """``0.667 [0.620, 0.709]``; empty where there is none."""
    if not estimate or estimate[0] is None or math.isnan(estimate[0]):
        return EMPTY
    value, low, high = (_number(x) for x in estimate[:3])
    return f"{value} [{low}, {high}]"


def signed(difference: Sequence[float | None] | None) -> str:
    """``+0.012 [-0.003, +0.027]``; empty where there is none."""
    if not difference or any(x is None or math.isnan(x) for x in difference[:3]):
        return EMPTY
    value, low, high = (f"{x:+.3f}" for x in difference[:3])
    return f"{value} [{low}, {high}]"


def p_value(difference: Sequence[float | None] | None) -> str:
    """Two-sided; empty where there is none."""
    if not difference or difference[3] is None or math.isnan(difference[3]):
        return EMPTY
    return f"{difference[3]:.3f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; numbers are what follows the first column."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _arm(
    ablation: Ablation,
    name: str,
    tables: Mapping[Place, ScoresTable],
    scores: Mapping[Place, Path],
    draws: int,
) -> dict[str, Any]:
    own = {place: path for place, path in scores.items() if place[0] == name}
    done = [place for place in own if place in tables]
    arm: dict[str, Any] = {
        "settings": _without_folders(ablation.arms[name]),
        "claim": ablation.plan.claims.get(name),
        "cells_planned": len(own),
        "done": len(done),
        "cells": {f"seed {s}, fold {f}": macro_auroc(tables[n, s, f])["auroc_within"] for n, s, f in done},
        "runs": {f"seed {s}, fold {f}": own[n, s, f].parent.name for n, s, f in own},
        "fingerprints": {f"seed {s}, fold {f}": tables[n, s, f].provenance.fingerprint for n, s, f in done},
        "training_seconds": [_seconds(own[place].parent) for place in done],
    }
    if not done:
        lacking = any(path.with_suffix(LACKING).is_file() for path in own.values())
        return arm | {"lacks": f"needs {ablation.plan.needs.get(name, 'what is not here')}"} if lacking else arm
    found = summarise_repeats(_repeats(name, done, tables), groups=_groups(tables[done[0]]), draws=draws)
    arm |= {
        "auroc_within": _triple(found.within.macro),
        "auroc_abnormal": _triple(found.abnormal.macro),
        "seed_sd": found.within.seed_sd,
        "seed_sd_abnormal": found.abnormal.seed_sd,
        "findings": {concept: _triple(estimate) for concept, estimate in found.within.findings.items()},
        "findings_abnormal": {concept: _triple(estimate) for concept, estimate in found.abnormal.findings.items()},
        "groups": {group: _triple(estimate) for group, estimate in found.within.groups.items()},
        "groups_abnormal": {group: _triple(estimate) for group, estimate in found.abnormal.groups.items()},
        "studies": found.studies,
        "patients": found.patients,
    }
    first = next(iter(ablation.arms))
    difference = None if name == first else _difference(name, first, done, tables, draws)
    if difference is None:
        return arm
    return arm | {
        "difference": _quadruple(difference.within.macro),
        "difference_abnormal": _quadruple(difference.abnormal.macro),
    }


def _repeats(arm: str, places: Sequence[Place], tables: Mapping[Place, ScoresTable]) -> list[ScoresTable]:
    """One table a seed, of the folds that every seed of ``places`` has; of one seed alone where they share none.

    Films that every fold's model scored whole are not put together: each model is a repeat of its own.
    """
    if _whole([tables[arm, seed, fold] for _, seed, fold in places]):
        return [tables[arm, seed, fold] for _, seed, fold in places]
    folds = {seed: {f for _, s, f in places if s == seed} for seed in sorted({s for _, s, _ in places})}
    shared = set.intersection(*folds.values())
    kept = {seed: shared for seed in folds} if shared else dict([max(folds.items(), key=lambda item: len(item[1]))])
    return [merge_folds({f: tables[arm, seed, f] for f in sorted(own)}) for seed, own in kept.items()]


def _whole(tables: Sequence[ScoresTable]) -> bool:
    return not any(table.provenance.fold for table in tables)


def _difference(
    name: str, first: str, done: Sequence[Place], tables: Mapping[Place, ScoresTable], draws: int
) -> RepeatsDifference | None:
    """Arm ``name`` minus arm ``first`` over the runs that both have; nothing where they scored other films."""
    both = [(seed, fold) for _, seed, fold in done if (first, seed, fold) in tables]
    sides = [_repeats(arm, [(arm, seed, fold) for seed, fold in both], tables) for arm in (name, first) if both]
    try:
        return compare_repeats(*sides, draws=draws) if both else None
    except ScoresError:
        return None


def _groups(table: ScoresTable) -> dict[str, str]:
    return groups_of(table.concepts, KnowledgeBase.load())


def _triple(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.interval.low, estimate.interval.high]


def _quadruple(difference: Difference) -> list[float]:
    interval = difference.interval
    return [difference.value, interval.low, interval.high, difference.p_value]


def _data(tables: Any) -> dict[str, str]:
    """Films that were scored, corpus, split and fold -> hash of the studies."""
    made = [scored.provenance for scored in tables]
    return {" ".join(filter(None, (p.corpus, p.split, p.fold))): p.split_hash for p in made}


def _without_folders(value: Any) -> Any:
    """Of an absolute path its name alone: where something lies on a machine is nobody's business."""
    if isinstance(value, str | Path) and Path(value).is_absolute():
        return Path(value).name
    if isinstance(value, Mapping):
        return {key: _without_folders(each) for key, each in value.items()}
    return [_without_folders(each) for each in value] if isinstance(value, list | tuple) else value


def _exposures(tables: Any) -> dict[str, str]:
    """What the arms have seen of each finding; the closest contact that any of them had."""
    order = [mark.value for mark in Exposure]
    marks: dict[str, str] = {}
    for scored in tables:
        for concept, mark in scored.provenance.exposure.items():
            marks[concept] = min(marks.get(concept, mark), mark, key=order.index)
    return marks


def _positives(tables: Any) -> dict[str, int]:
    """Films that show each finding, over the folds that were scored."""
    seen: dict[str, set[str]] = {}
    for scored in tables:
        for concept, study in scored.rows.loc[scored.rows["label"] == 1, ["concept", "study"]].itertuples(index=False):
            seen.setdefault(str(concept), set()).add(str(study))
    return {concept: len(studies) for concept, studies in sorted(seen.items())}


def _seconds(folder: Path) -> float | None:
    path = folder / SECONDS
    return json.loads(path.read_text(encoding="utf-8")).get("training") if path.is_file() else None


def _start_seconds(folders: Iterable[Path]) -> dict[str, float | None]:
    """Run that others started from -> how long it took."""
    starts = {json.loads((folder / RUN).read_text(encoding="utf-8"))["config"]["start"] for folder in folders}
    return {Path(start).parent.name: _seconds(Path(start).parent) for start in sorted(filter(None, starts))}


def _number(value: float | None) -> str:
    return EMPTY if value is None or math.isnan(value) else f"{value:.3f}"


def _plain(value: Any) -> Any:
    """Floats rounded to six digits, NaN to null, keys to text."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
