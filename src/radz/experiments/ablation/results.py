"""The page of results: the seven tables of the source article, our numbers next to its claims and the paper's.

Our numbers come from the records that ``radz ablate`` wrote; nothing is computed here. Published numbers are in
``published.yaml``. An empty cell names the data that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from radz.errors import ConfigError
from radz.experiments.ablation.table import (
    how_line,
    interval,
    markdown,
    p_value,
    parts_rows,
    signed,
    time_line,
    zero_shot_line,
)
from radz.types import RESEARCH_USE

Record = Mapping[str, Any]
MADE = "<!-- made by `radz ablate --results {}`; do not edit -->"
OF_THE_PAPER = ("token_count", "layer", "temperature", "pooling", "granularity", "wording", "descriptions")
OPEN_QUESTIONS = (*OF_THE_PAPER, "unlabelled")
CLAIMING = ("components", "tokens", "anchors")
"""Ablations for which the source article claims a gain of one row over the first."""
METHOD = "both"
"""Arm of ``components`` that is the whole method."""


@dataclass(frozen=True, slots=True)
class Published:
    """Published numbers. claims: table -> row -> value; paper: system -> dataset -> AUROC; needs: row -> data."""

    claims: Mapping[str, Mapping[str, float]]
    paper: Mapping[str, Mapping[str, float]]
    needs: Mapping[str, str]

    @classmethod
    def read(cls) -> Published:
        """The shipped file."""
        text = files("radz.experiments.ablation").joinpath("published.yaml").read_text(encoding="utf-8")
        return cls(**yaml.safe_load(text))


def read_records(directory: Path) -> dict[str, Record]:
    """Plan name -> its record. Raises ConfigError where there is none."""
    paths = sorted(directory.glob("*.json"))
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    found: dict[str, Record] = {n: r for n, r in records.items() if isinstance(r, dict) and "arms" in r}
    if not found:
        raise ConfigError(f"{directory} holds no record of an ablation: `radz ablate PLAN` writes PLAN.json there.")
    return found


def results_page(records: Mapping[str, Record], directory: str) -> str:
    """The page in Markdown."""
    published = Published.read()
    components = records.get("components")
    parts = [
        MADE.format(directory),
        "# Results",
        _preface(records),
        "## What held",
        *what_held(records, published),
        "## 1. Overall and by dataset",
        "Ours are the models of the folds. On ChestX-ray14 each is evaluated on the films of its left-out fold, not on "
        "the official test set; on other datasets, on their test sets.",
        overall_table(records.get("overall"), components, published),
        "## 2. Against CLIP-style systems",
        "All systems on the films of our folds, with the same sentences. Published numbers are on other test sets.",
        systems_table(records.get("systems"), components, published),
        *(reading(records["systems"], {}) if "systems" in records else []),
        "## 3. Disease groups",
        _groups(records.get("groups") or components),
    ]
    titles = {"components": "4. Components", "tokens": "5. Tokens", "anchors": "6. Anchors", "size": "7. Data size"}
    for name, title in titles.items():
        parts += [f"## {title}", *ablation_section(name, records.get(name), published)]
    parts.append("## Open questions")
    for name in OPEN_QUESTIONS:
        record = records.get(name)
        title = record["title"] if record else name.replace("_", " ").capitalize()
        parts += [f"### {title}", *ablation_section(name, record, published)]
    return "\n\n".join([*parts, "## Published numbers", paper_table(published), RESEARCH_USE]) + "\n"


def what_held(records: Mapping[str, Record], published: Published) -> list[str]:
    """The gain that the source article claims for the whole method in each ablation, next to ours."""
    rows = [
        row for name in CLAIMING if name in records and (row := _gain(records[name], published.claims.get(name, {})))
    ]
    if not rows:
        return ["Not run: no claimed gain has both of its rows."]
    said = (
        "The gain that the source article claims in each ablation for its proposed method over the first row of the "
        "table. The other rows are discussed under each table."
    )
    return [said, markdown(["", "claimed", "ours", "p", "outcome"], rows)]


def _gain(record: Record, claims: Mapping[str, float]) -> list[str] | None:
    """Best arm by the claims minus the first one: claimed, ours, p, and in words; nothing where ours is not there."""
    arms, first = record["arms"], next(iter(record["arms"]))
    best = max((name for name in arms if name in claims), key=lambda name: claims[name], default=first)
    ours = arms[best].get("difference")
    if best == first or not signed(ours):
        return None
    claimed = (claims[best] - claims[first]) / 100 if first in claims else None
    verdict = "a gain" if ours[1] > 0 else "a loss" if ours[2] < 0 else "the difference is not significant"
    if claimed is not None:
        inside = ours[1] <= claimed <= ours[2]
        verdict += f"; the claim is {'inside' if inside else 'outside'} our interval"
    if arms[best]["done"] < arms[best]["cells_planned"]:
        verdict += "; some runs are missing"
    return [f"{best} minus {first}", "" if claimed is None else f"{claimed:+.3f}", signed(ours), p_value(ours), verdict]


def overall_table(overall: Record | None, components: Record | None, published: Published) -> str:
    """One row per dataset: the claim of the source article, the paper's number, and ours if its films are available.

    Without a record of ``overall``, the arm METHOD of ``components`` gives the number on the films of the folds.
    """
    claims, paper = published.claims["overall"], published.paper
    rows = []
    for dataset in dict.fromkeys([*claims, *paper["LLaVA-RadZ"], "PadChest", "Open-I"]):
        others = [_plain(paper[system].get(dataset)) for system in ("LLaVA-RadZ", "same MLLM, no method")]
        value = _of(overall, dataset) or (_of(components, METHOD) if dataset == "ChestX-ray14" else "")
        needed = published.needs.get(dataset, "")
        rows.append([dataset, _plain(claims.get(dataset)), *others, value or f"needs {needed}"])
    return markdown(["dataset", "article claims", "paper", "paper, same MLLM without method", "ours"], rows)


def systems_table(systems: Record | None, components: Record | None, published: Published) -> str:
    """One row per system: our number on the films of our folds, and the published one on ChestX-ray14."""
    claims, arms = published.claims["systems"], dict(systems["arms"]) if systems else {}
    if not arms and components:
        whole = components["arms"].get(METHOD, {})
        arms = {"LLaVA-RadZ": {key: value for key, value in whole.items() if key != "difference"}}
    rows = []
    for name in dict.fromkeys([*arms, *claims]):
        arm = arms.get(name, {})
        lacking = arm.get("lacks") or f"needs {published.needs.get(name, 'a run of configs/ablations/systems.yaml')}"
        stated = [_plain(claims.get(name)), _plain(published.paper.get(name, {}).get("ChestX-ray14"))]
        rows.append([name, *stated, interval(arm.get("auroc_within")) or lacking, signed(arm.get("difference"))])
    first = next(iter(arms), "the first")
    head = ["system", "article claims", "published on ChestX-ray14", "ours", f"minus {first}"]
    return markdown(head, rows)


def ablation_section(name: str, record: Record | None, published: Published) -> list[str]:
    """The table and its reading; for a plan that was not run, the command that runs it."""
    claims = published.claims.get(name, {})
    if record is None or not any(arm["done"] for arm in record["arms"].values()):
        rows = [[row, _plain(value), f"needs {published.needs.get(row, _run(name))}"] for row, value in claims.items()]
        return [markdown(["", "article claims", "ours"], rows)] if rows else [f"Not run: {_run(name)}."]
    arms = record["arms"]
    first = next(iter(arms))
    rows = [_arm_row(arm_name, arm, _claim(claims, arm_name, first), name) for arm_name, arm in arms.items()]
    rows += [
        [row, _plain(value), f"needs {published.needs.get(row, _run(name))}", "", "", ""]
        for row, value in claims.items()
        if row not in arms
    ]
    head = ["", "article claims", "ours", f"minus {first}", "p", "runs"]
    return [record["question"], markdown(head, rows), *reading(record, claims)]


def reading(record: Record, claims: Mapping[str, float]) -> list[str]:
    """In sentences: which arms differ from the first, and whether the claimed order was confirmed."""
    arms = {name: arm for name, arm in record["arms"].items() if arm.get("auroc_within")}
    first = next(iter(record["arms"]))
    said = [_against(name, first, arm["difference"]) for name, arm in arms.items() if arm.get("difference")]
    claimed = sorted((name for name in claims if name in arms), key=lambda name: claims[name])
    if len(claimed) > 1:
        measured = sorted(claimed, key=lambda name: arms[name]["auroc_within"][0])
        order = "the same" if measured == claimed else f"*{' < '.join(measured)}*"
        said.append(f"The claimed order is *{' < '.join(claimed)}*; by point estimates, the measured order is {order}.")
    return [" ".join([*said, *_unfinished(record)])] if said or _unfinished(record) else []


def _unfinished(record: Record) -> list[str]:
    """Arms with some runs only, whose level is therefore on other films than the first arm's, and arms without runs."""
    part = [name for name, arm in record["arms"].items() if 0 < arm["done"] < arm["cells_planned"]]
    none = [name for name, arm in record["arms"].items() if not arm["done"]]
    said = [f"Partly run, so only differences can be compared, not levels: {_listed(part)}."] if part else []
    return [*said, f"Not run: {_listed(none)}."] if none else said


def paper_table(published: Published) -> str:
    """Published AUROC x 100, by system and dataset."""
    datasets = list(dict.fromkeys(dataset for row in published.paper.values() for dataset in row))
    rows = [[name, *(_plain(row.get(dataset)) for dataset in datasets)] for name, row in published.paper.items()]
    return (
        "AUROC × 100 from papers or from re-runs by others, on each dataset's own test set. These are other images "
        "than ours, so the numbers cannot be compared with ours.\n\n" + markdown(["system", *datasets], rows)
    )


def _preface(records: Mapping[str, Record]) -> str:
    """How to read the page; the first record with results describes how it was made."""
    lines = [
        "The tables of the source article, a Korean review article of the paper "
        "[LLaVA-RadZ](https://arxiv.org/abs/2503.07487), measured on the development films (NIH ChestX-ray14, at 320 "
        "px and smaller), whatever the outcome. `radz ablate configs/ablations/PLAN.yaml` makes each record, `radz "
        "ablate --results` this page ([ablation.md](ablation.md)).",
        "The article's claims (× 100, called accuracy there) could not be found in the paper's tables. They are tested "
        "here. Our numbers are AUROCs between films of the same source and view, where a film's origin alone scores "
        "0.5. So levels cannot be compared with the claims, but order and differences can. The number in parentheses "
        "after a claim is its difference to the claim of the first row.",
    ]
    order = [*(name for name in ("components", *CLAIMING) if name in records), *records]
    made = next((r for r in map(records.__getitem__, order) if any(arm["done"] for arm in r["arms"].values())), None)
    if made:
        lines += [how_line(made), zero_shot_line(made), *time_line(records.values())]
    else:
        lines.append("Nothing has been run yet.")
    lines.append(
        "All models of a fold, including the base, use one vision tower that was warmed up with the labels of the "
        "training films; for data size, each arm has a tower warmed up on its films. Each p-value is of one "
        "comparison, not corrected for the number of rows. Zero-shot results, on findings that were held out of "
        "training, are in [unseen.md](unseen.md)."
    )
    return "\n\n".join(lines)


def _groups(record: Record | None) -> str:
    """By disease group, for which the source article's numbers are not known."""
    rows = parts_rows(record, "groups") if record else None
    return "The article's numbers by group are not known to us.\n\n" + (
        markdown(*rows) if rows else f"Not run: {_run('groups')}."
    )


def _claim(claims: Mapping[str, float], name: str, first: str) -> str:
    """The claim and, in parentheses, its difference to that of the first row."""
    if name == first or not {name, first} <= claims.keys():
        return _plain(claims.get(name))
    return f"{_plain(claims[name])} ({claims[name] - claims[first]:+.1f})"


def _arm_row(name: str, arm: Mapping[str, Any], claim: str, plan: str) -> list[str]:
    value = interval(arm.get("auroc_within")) or arm.get("lacks") or f"needs {_run(plan)}"
    difference = arm.get("difference")
    runs = f"{arm['done']} of {arm['cells_planned']}"
    return [name, claim, value, signed(difference), p_value(difference), runs]


def _against(name: str, first: str, difference: Sequence[float]) -> str:
    value, low, high = difference[:3]
    verdict = "is above" if low > 0 else "is below" if high < 0 else "does not differ significantly from"
    return f"*{name}* {verdict} *{first}* ({value:+.3f} [{low:+.3f}, {high:+.3f}])."


def _listed(names: Sequence[str]) -> str:
    """Names of arms, which may hold commas, as a list in a sentence."""
    return ", ".join(f"*{name}*" for name in names)


def _of(record: Record | None, arm: str) -> str:
    return interval(record["arms"].get(arm, {}).get("auroc_within")) if record else ""


def _run(name: str) -> str:
    return f"`radz ablate configs/ablations/{name}.yaml`"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:g}" if value * 10 % 1 else f"{value:.1f}"
