"""Training in stages: each trains what the table says, starts from the one before, resumes and refuses."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from typer.testing import CliRunner

from radz.cli import app
from radz.config import load_config
from radz.errors import CheckpointError, ConfigError
from radz.model.build import build_model, part_of
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.training.stages import STAGES, load_plan, require_stage
from radz.training.train import train
from radz.types import NORMAL
from training_runs import killed_in_step, losses, weights

CONFIGS = Path(__file__).parents[2] / "configs"
ORDER = ("general", "adapt", "anchor")


@pytest.fixture(scope="module")
def plan(tmp_path_factory, llava_dir) -> Path:
    """The shipped stages over twelve tiny films; everything but data, model and sizes is as shipped."""
    root = tmp_path_factory.mktemp("stages")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(root / f"{i}.png")
        lines.append(f"{i}.png,{('Effusion', 'Mass', 'No Finding')[i % 3]},p{i},train,fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ORDER:
        tree = yaml.safe_load((CONFIGS / "stages" / f"{name}.yaml").read_text())
        tree["data"] |= {"corpus": "manifest", "root": str(root / "manifest.csv"), "options": {"unlisted": "absent"}}
        tree["data"]["cached_views"] = 2
        tree["model"] = {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2}}
        tree["train"] |= {"batch_size": 6, "chunk_size": 4, "max_steps": 4, "save_steps": 2, "dtype": "float32"}
        tree["train"] |= {"learning_rate": 0.01, "head_rate": 0.01, "keep_states": 2}
        if "warmup" in tree:
            tree["warmup"] |= {"epochs": 1, "batch_size": 6}
        (root / f"{name}.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    stages = [f"{name}.yaml" for name in ORDER]
    (root / "plan.yaml").write_text(yaml.safe_dump({"output": "runs/x", "stages": stages}), encoding="utf-8")
    return root / "plan.yaml"


@pytest.fixture(scope="module")
def trained(plan, tmp_path_factory) -> Path:
    """The directory of a whole training."""
    output = tmp_path_factory.mktemp("trained")
    for config in load_plan(plan, [f"output={output}"]):
        train(config)
    return output


def require(config) -> None:
    require_stage(config.stage, config.start, config.train, config.loss, config.warmup)


def started(config) -> dict[str, torch.Tensor]:
    """The tensors that a stage began with; those of new anchors are not among them."""
    model = build_model(config.model, config.seed) if config.start is None else load_checkpoint(config.start)[0]
    return {n: t for n, t in model.state_dict().items() if part_of(n)}


@pytest.mark.parametrize("name", ORDER)
def test_exactly_the_parameters_of_the_table_moved(plan, trained, name):
    config = {c.stage: c for c in load_plan(plan, [f"output={trained}"])}[name]
    start, end = started(config), weights(trained / name / "checkpoint")
    model = load_checkpoint(trained / name / "checkpoint")[0]
    parts = {*config.train.train_parts} | ({"tower"} if config.warmup else set())
    assert parts <= STAGES[name].parts | {"tower"}
    unread = ("tower.encoder.layers.2.", "tower.post_layernorm.")  # LLaVA reads the last but one of the tower's states
    expected = {n: p.numel() for n, p in model.named_parameters() if part_of(n) in parts and not n.startswith(unread)}
    parameters = dict(model.named_parameters())
    moved = {n: end[n].numel() for n in parameters if n in end and not (n in start and torch.equal(end[n], start[n]))}
    assert moved == expected


def test_the_next_stage_begins_where_the_last_ended_and_says_so(plan, trained):
    before = None
    for config in load_plan(plan, [f"output={trained}"]):
        provenance = load_checkpoint(config.output / "checkpoint")[1]
        assert provenance.stage == config.stage
        assert provenance.started_from == (before.fingerprint if before else "")
        assert provenance.warmup.startswith("supervised, 1 epochs")
        before = provenance
    heads = [load_tower_head(trained / name / "checkpoint") for name in ORDER]
    assert all(torch.equal(heads[0].weight, head.weight) for head in heads)
    assert provenance.anchors == "hybrid"


def test_statistics_of_the_heads_are_measured_once_by_the_first_stage_that_reads(trained):
    """Those of films change with the projector that captioning trained; those of texts do not depend on it."""
    general, adapt, anchor = (weights(trained / name / "checkpoint") for name in ORDER)
    for name in ("readout.heads.image_global.mean", "readout.heads.image_local.mean"):
        assert not torch.equal(general[name], adapt[name])
        assert torch.equal(adapt[name], anchor[name])


def test_captioning_is_logged(trained):
    values = losses(trained / "general")
    assert len(values) == 4
    assert all(map(math.isfinite, values))


def test_a_killed_stage_resumes_with_the_same_losses_and_finished_ones_are_skipped(plan, trained, tmp_path):
    shutil.copytree(trained / "general", tmp_path / "general")
    general, adapt, _ = load_plan(plan, [f"output={tmp_path}"])
    stamp = (tmp_path / "general" / "checkpoint" / "model.safetensors").stat().st_mtime_ns
    assert train(general) == tmp_path / "general" / "checkpoint"
    with killed_in_step(4):
        train(adapt)
    train(adapt)
    assert (tmp_path / "general" / "checkpoint" / "model.safetensors").stat().st_mtime_ns == stamp
    assert losses(tmp_path / "adapt") == losses(trained / "adapt")
    one, two = (weights(folder / "adapt" / "checkpoint") for folder in (tmp_path, trained))
    assert all(torch.equal(one[n], two[n]) for n in one)


@pytest.mark.parametrize(
    "case",
    [
        ("adapt", "model.tokens.count=2", "does not fit the stage 'adapt': model.tokens is .* there"),
        ("adapt", "model.readout.layer=2", "does not fit the stage 'adapt': model.readout is "),
        (
            "adapt",
            "model.backbone=smollm2",
            "does not fit the stage 'adapt': model.backbone is 'smollm2' here and 'hf'",
        ),
        (
            "anchor",
            "start=general",
            "starts from the stage 'adapt', but .* is of the stage 'general': train 'adapt' first",
        ),
        ("adapt", "start=nowhere", "has no config.json"),
        ("general", "train.epochs=2", "holds a stage 'general' with other settings, data or start"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(plan, trained, tmp_path, case):
    stage, override, message = case
    folder = trained if stage == "general" else tmp_path / "new"
    key, _, value = override.partition("=")
    started_from = {"start": str(trained / value / "checkpoint")} if key == "start" else {}
    changes = [] if started_from else [f"{stage}.{override}"]
    config = {c.stage: c for c in load_plan(plan, [f"output={trained}", *changes])}[stage]
    config = config.model_copy(update={"output": folder / stage} | {k: Path(v) for k, v in started_from.items()})
    with pytest.raises(CheckpointError, match=message):
        train(config)


@pytest.mark.parametrize(
    ("stage", "changes", "message"),
    [
        ("adapt", ["start=null"], "starts from a checkpoint of the stage 'general': set start"),
        ("general", ["start=x"], "is the first and starts from the backbone, not from x"),
        (
            "general",
            ["train.train_parts=[projector, lora]"],
            r"trains \['projector'\], but .* also has \['lora'\]: take",
        ),
        (
            "adapt",
            ["loss.weights={knowledge: 1.0}"],
            r"needs the losses \['alignment'\] .* but loss.weights has \['knowl",
        ),
        ("adapt", ["warmup={epochs: 1}"], "has no warm-up"),
    ],
)
def test_a_configuration_that_leaves_its_row_of_the_table_is_refused(stage, changes, message):
    with pytest.raises(ConfigError, match=message):
        require(load_config(CONFIGS / "stages" / f"{stage}.yaml", changes))


def test_the_shipped_stages_keep_to_the_table_and_follow_each_other():
    configs = load_plan(CONFIGS / "stages.yaml", ["data.root=/films", "anchor.train.epochs=7", "output=/runs/mine"])
    assert [c.stage for c in configs] == [*STAGES] == [*ORDER]
    for config in configs:
        require(config)
        require(load_config(CONFIGS / "stages" / f"{config.stage}.yaml"))
    assert [c.data.root for c in configs] == [Path("/films")] * 3
    assert [c.train.epochs for c in configs] == [1, 6, 7]
    assert [c.start for c in configs[1:]] == [
        Path("/runs/mine/general/checkpoint"),
        Path("/runs/mine/adapt/checkpoint"),
    ]
    assert len({c.model.model_dump_json() for c in configs}) == 1


def test_a_run_without_stages_is_a_plan_of_one():
    (config,) = load_plan(CONFIGS / "default.yaml", ["train.epochs=1"])
    assert (config.stage, config.train.epochs) == ("", 1)


def test_one_command_runs_them_in_order(plan, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(
        "radz.experiments.train.run", lambda config, validate, command: ran.append((config.stage, validate))
    )
    changes = ["--set", f"output={tmp_path}", "--set", "data.val_split=train"]
    result = CliRunner().invoke(app, ["train", str(plan), *changes])
    assert result.exit_code == 0, result.output
    assert [stage for stage, _ in ran] == [*ORDER]
    assert [validate is None for _, validate in ran] == [True, False, False]  # in general no feature is trained yet


def test_version_3_trains_on_states_of_towers_that_have_not_seen_the_image(plan, llava_dir, tmp_path):
    """The shipped plan; everything but data, model and sizes is as shipped."""
    table = tmp_path / "teacher.csv"
    table.write_text("image,Mass\n0.png,0.9\n", encoding="utf-8")
    overrides = [
        f"output={tmp_path / 'run'}",
        f"model={{backbone: hf, source: {llava_dir}, readout: {{dim: 8}}, lora: {{r: 2}}}}",
        "data.corpus=manifest",
        f"data.root={plan.parent / 'manifest.csv'}",
        "data.options={unlisted: absent}",
        f"general.data.soft_labels={table}",
        "general.warmup.epochs=1",
        "general.warmup.batch_size=4",
        *(f"train.{size}" for size in ("batch_size=6", "chunk_size=4", "max_steps=1", "dtype=float32")),
    ]
    general, method = load_plan(CONFIGS / "version3.yaml", overrides)
    for config in (general, method):
        require(config)
        checkpoint = train(config)
    assert len([*(general.output / "folds").glob("*.safetensors")]) == 3
    provenance = load_checkpoint(checkpoint)[1]
    assert (provenance.cross_fit, provenance.soft_labels.rows, provenance.anchors) == (3, 1, "hybrid")
    assert NORMAL in load_tower_head(checkpoint).concepts
