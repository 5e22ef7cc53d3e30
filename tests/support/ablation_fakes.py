"""A tiny ablation: its plan over made-up images, its first fold finished, and records as `radz ablate` writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from radz.experiments.ablation.make import make
from radz.experiments.ablation.plan import load_ablation
from radz.experiments.ablation.runs import Run, Store

CONFIGS = Path(__file__).parents[2] / "configs"
PLANS = sorted(path for path in (CONFIGS / "ablations").glob("*.yaml") if path.stem != "base")


@pytest.fixture(scope="session")
def folder(tmp_path_factory, llava_dir) -> Path:
    """Plan and base over 48 tiny films of 24 patients, half of them masses: a bright upper half."""
    root = tmp_path_factory.mktemp("ablation")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(48):
        film = rng.integers(0, 120, (32, 32), dtype=np.uint8)
        film[: 16 if i % 2 else 0] += 120
        Image.fromarray(film).save(root / f"{i}.png")
        lines.append(f"{i}.png,{('No Finding', 'Mass')[i % 2]},p{i // 2},{'val' if i < 8 else 'train'},fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    base = yaml.safe_load((CONFIGS / "ablations" / "base.yaml").read_text(encoding="utf-8"))
    base["data"] |= {"corpus": "manifest", "root": str(root / "manifest.csv"), "options": {"unlisted": "absent"}}
    base["data"]["cached_views"] = 2
    readout = {"dim": 8, "layer": 2, "granularity": "both"}
    base["model"] = {"backbone": "hf", "source": str(llava_dir), "readout": readout, "lora": {"r": 2}}
    base["train"] |= {"batch_size": 6, "max_steps": 1, "warmup_fraction": 0.0, "dtype": "float32"}
    base["warmup"] |= {"epochs": 1, "batch_size": 12}
    base["starts"]["general"] |= {"train.batch_size": 6, "train.chunk_size": 6, "train.max_steps": 1}
    (root / "base.yaml").write_text(yaml.safe_dump(base), encoding="utf-8")
    plan = yaml.safe_load((CONFIGS / "ablations" / "components.yaml").read_text(encoding="utf-8"))
    plan |= {"folds": 2, "arms": {name: plan["arms"][name] for name in ("base", "both", "base, raw projector")}}
    plan["arms"]["base"]["train.max_steps"] = -1
    plan["arms"]["base, raw projector"]["train.max_steps"] = -1
    plan["claims"] = {"base": 63.2, "both": 78.4}
    (root / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def finished(folder, tmp_path_factory) -> Path:
    """A directory in which the runs of the first fold are made."""
    output = tmp_path_factory.mktemp("made")
    for run in runs_of(folder, output)[0][:4]:
        assert run.state == "to do"
        make(run.write())
        assert run.state == "done"
    return output


def runs_of(folder: Path, output: Path, *overrides: str) -> tuple[list[Run], dict]:
    """Runs of the plan in ``folder``, and the file of scores of each cell."""
    store = Store(output)
    places = store.add(load_ablation(folder / "plan.yaml", overrides).cells)
    return [*store.runs.values()], places


def arm(value: float | None, difference: list[float] | None = None, done: int = 3) -> dict:
    """One arm of a record of three folds; without a value none of its runs is finished."""
    fields = {
        "settings": {},
        "claim": None,
        "cells_planned": 3,
        "done": done,
        "cells": {},
        "runs": {},
        "training_seconds": [],
        "findings": {"mass": [1, 1, 1]},
    }
    if value is not None:
        fields |= {"auroc_within": [value, value - 0.03, value + 0.03], "studies": 1495, "patients": 900}
        fields["groups"] = {"neoplastic": [value, value - 0.05, value + 0.05]}
    return fields | ({"difference": difference} if difference else {})


def record(name: str, **arms: dict) -> dict:
    """A record with one finding, on which the models were trained."""
    exposure, positives = {"mass": "supervised"}, {"mass": 40}
    base = {
        "name": name,
        "title": name.title(),
        "question": f"What of {name}?",
        "folds": 3,
        "seeds": [0],
        "draws": 1000,
    }
    return base | {"arms": arms, "exposure": exposure, "positives": positives, "needs": {}, "texts": ["varied"]}


COMPONENTS = record(
    "components",
    base=arm(0.55),
    **{"DFAT only": arm(0.61, [0.06, 0.02, 0.1, 0.002]), "DKAM only": arm(0.62, [0.07, -0.01, 0.12, 0.06])},
    both=arm(0.64, [0.09, 0.05, 0.13, 0.002], done=2),
)
