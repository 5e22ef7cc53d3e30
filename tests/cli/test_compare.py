"""``radz compare`` over real files: a tiny checkpoint of ours, baselines, and a corpus of noise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from radz.baselines import BaselineContext, open_baseline
from radz.cli import app
from radz.data.corpora.manifest import Manifest
from radz.errors import CheckpointError, ConfigError, UnknownNameError
from radz.leakage.membership import pack_ids
from radz.metrics.scores_file import read_scores
from radz.model.checkpoint import save_checkpoint
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.types import RESEARCH_USE
from tiny import tiny_model
from tiny_checkpoints import save_clip

FINDINGS = ("effusion", "mass")


@pytest.fixture(scope="module")
def world(tmp_path_factory, llava_dir):
    """Directory with 24 labelled films, a checkpoint of ours, one after stage general, and a tiny CLIP."""
    root = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(48):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(root / f"{i}.png")
        labels = ("Effusion", "Mass", "Effusion;Mass", "No Finding")[i % 4]
        lines.append(f"{i}.png,{labels},p{i},{'train' if i % 2 else 'test'},{'ab'[i % 3 == 0]},PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    model: RadZ = tiny_model(llava_dir)
    trained_ids = pack_ids(Manifest(root / "manifest.csv", split="train", unlisted="absent").records, "manifest")
    trained = Provenance(corpus="manifest", split="train", supervised={"effusion": 3}, trained_ids=trained_ids)
    for name, stage in (("ours", ""), ("base", "general")):
        save_checkpoint(model, root / name, trained.model_copy(update={"stage": stage}))
    save_clip(root / "clip")
    return root


def run(world, *arguments):
    given = ("--corpus", "manifest", "--root", str(world / "manifest.csv"), "--option", "unlisted=absent")
    few = ("--draws", "20", "--calls", "2", "--out", str(world / "out"))
    return CliRunner().invoke(app, ["compare", *map(str, arguments), *given, *few], catch_exceptions=False)


def test_quality_and_cost_stand_side_by_side(world):
    models = (world / "ours", f"clip:{world / 'clip'}", f"clip:{world / 'clip'},rule=positive,as=no denial", "chance")
    document = json.loads(run(world, *models, "--format", "json").stdout)
    assert document["notice"] == RESEARCH_USE
    rows = {row["model"]: row for row in document["models"]}
    assert [*rows] == ["ours", "clip", "no denial", "chance", "metadata_only", "any_finding"]
    assert rows.pop("any_finding")["evaluation"]["macro"]["auroc_abnormal"]["value"] in (0.5, None)
    assert rows["ours"]["gain_of_first"] is None
    assert "1 supervised" in rows["ours"]["zero_shot"]
    assert "unknown" in rows["clip"]["zero_shot"], "nobody recorded what CLIP has seen"
    # of differences within strata, metadata alone is the one that is 0.5 by construction
    assert rows["metadata_only"]["evaluation"]["macro"]["auroc_within"]["value"] in (0.5, None)
    for row in rows.values():
        assert row["cost"]["concepts"] == 2
        table = read_scores(world / "out" / row["scores"].split("/")[-1])
        assert table.concepts == FINDINGS
        assert table.provenance.model == row["model"]
        assert len(table.rows) == 24 * 2
    assert rows["chance"]["cost"]["parameters"] == 0
    assert rows["ours"]["cost"]["trained_parameters"] > 0
    assert rows["clip"]["cost"]["trained_parameters"] == 0


def test_scores_are_those_of_the_models_alone(world):
    run(world, f"clip:{world / 'clip'}", "chance", "--no-cost")
    from torch import ones

    from radz import registry
    from radz.knowledge import KnowledgeBase

    corpus = registry.load("corpora", "manifest")(world / "manifest.csv", split="test", unlisted="absent")
    concepts = [KnowledgeBase.load()[name] for name in FINDINGS]
    anchors = registry.load("anchors", "names")(concepts, lambda texts: ones(len(texts), 1))
    alone = open_baseline("clip", str(world / "clip"), BaselineContext(list)).score(list(corpus), anchors)
    table = read_scores(world / "out" / "scores-clip-manifest-test.parquet").rows
    values = table.pivot(index="study", columns="concept", values="score").loc[list(alone.study_ids), list(FINDINGS)]
    np.testing.assert_allclose(values.to_numpy(), alone.values, atol=1e-6)


def test_the_tables_say_what_they_are(world):
    text = " ".join(run(world, world / "ours", "chance").stdout.split())
    for part in ("ours compared with 3 other models", "What scoring costs", "Gain over each model", RESEARCH_USE):
        assert part in text
    assert "ours: 2 findings, 1 supervised, 1 unseen: only the unseen are zero-shot" in text
    assert "calls timed 2 2 2 images" in text


def test_the_base_model_is_the_one_after_stage_general(world):
    around = BaselineContext(list)
    opened = open_baseline("frozen_mllm", str(world / "base"), around, {"standardise": False})
    assert opened.name == "frozen_mllm"
    assert open_baseline("llava", str(world / "base"), around).name == "llava"
    with pytest.raises(ConfigError, match=r"a run without stages, but the base model is the one after stage 'general'"):
        open_baseline("frozen_mllm", str(world / "ours"), around)
    with pytest.raises(ConfigError, match="read at its own layer"):
        open_baseline("frozen_mllm", str(world / "base"), around, {"layer": 1})
    with pytest.raises(CheckpointError, match=r"has no tower_head\.safetensors"):
        open_baseline("supervised", str(world / "ours"), around)


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [
        (["clips"], UnknownNameError, "Did you mean 'clip'"),
        (["chance,seeds=1"], UnknownNameError, "option of the baseline 'chance' 'seeds'. Did you mean 'seed'"),
        (["chance", "--prompts", "hybrid"], ConfigError, "--prompts hybrid are vectors and no sentences"),
        (["shipped,layer=2"], UnknownNameError, "option of a checkpoint 'layer'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_scored(world, models, error, message):
    with pytest.raises(error, match=message):
        run(world, *models)
