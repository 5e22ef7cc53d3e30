"""Training on a tiny real LLaVA: it learns, it resumes exactly, it says what it has seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file
from transformers import TrainerCallback

from radz import registry
from radz.config import RunConfig, build_config, load_config
from radz.errors import CheckpointError, ConfigError, CorpusError, TrainingError, UnknownNameError
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.serve.predictor import Predictor
from radz.train import train as train_run
from radz.train.stages import load_plan
from radz.train.train import train

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    """Twenty-four films: a bright lower half is an effusion, a bright upper half a mass."""
    root = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    lines = ["image,report,labels,patient,split,source,view"]
    for i in range(24):
        film = rng.integers(0, 120, (32, 32), dtype=np.uint8)
        label = ("Effusion", "Mass", "No Finding")[i % 3]
        rows = {"Effusion": slice(16, 32), "Mass": slice(0, 16), "No Finding": slice(0, 0)}[label]
        film[rows] += 120
        Image.fromarray(film).save(root / f"{i}.png")
        lines.append(f"{i}.png,There is {label.lower()}.,{label},p{i},{'val' if i % 4 == 3 else 'train'},fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root / "manifest.csv"


def config(manifest: Path, llava_dir: Path, output: Path, **changes) -> RunConfig:
    tree = {
        "output": str(output),
        "data": {"corpus": "manifest", "root": str(manifest), "options": {"unlisted": "absent"}},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2, "dropout": 0.1}},
        "train": {"batch_size": 6, "epochs": 2, "save_steps": 2, "log_steps": 1, "dtype": "float32"},
    }
    for key, value in changes.items():
        tree[key] = {**tree.get(key, {}), **value} if isinstance(value, dict) else value
    return build_config(RunConfig, tree)


def logged(output: Path) -> list[dict]:
    """Log lines of the newest resumable state."""
    newest = max((output / "align").glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    return json.loads((newest / "trainer_state.json").read_text())["log_history"]


def losses(output: Path) -> list[float]:
    return [line["loss"] for line in logged(output) if "loss" in line]


class _Kill(TrainerCallback):
    def on_step_begin(self, args, state, control, **_):
        if state.global_step == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("views", [0, 2])
def test_a_killed_run_resumes_with_the_same_losses(manifest, llava_dir, tmp_path, monkeypatch, views):
    settings = {
        "data": {"corpus": "manifest", "root": str(manifest), "cached_views": views, "options": {"unlisted": "absent"}}
    }
    whole = train(config(manifest, llava_dir, tmp_path / "whole", **settings))
    fit = train_run.RadzTrainer

    def killed(*args):
        trainer = fit(*args)
        trainer.add_callback(_Kill())
        return trainer

    monkeypatch.setattr(train_run, "RadzTrainer", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config(manifest, llava_dir, tmp_path / "killed", **settings))
    monkeypatch.undo()
    assert not (tmp_path / "killed" / "checkpoint").exists()
    resumed = train(config(manifest, llava_dir, tmp_path / "killed", **settings))

    assert len(losses(tmp_path / "whole")) == 6
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    one, two = (load_file(c / "model.safetensors") for c in (whole, resumed))
    assert all(torch.equal(one[name], two[name]) for name in one)


FOUR = {"alignment": 1.0, "knowledge": 0.5, "consistency": 0.1, "regularization": 0.1}


@pytest.mark.parametrize("views", [0, 2])
def test_four_losses_train_together_and_resume_exactly(manifest, llava_dir, tmp_path, views):
    data = {"options": {"unlisted": "absent"}, "second_view": True, "cached_views": views}
    change = {"data": data, "loss": {"weights": FOUR}}
    settings = {"batch_size": 6, "save_steps": 2, "max_steps": 4, "keep_states": 2, "dtype": "float32"}
    run = config(manifest, llava_dir, tmp_path, **change, train={**settings, "learning_rate": 0.01})
    train(run)
    lines = [line for line in logged(tmp_path) if "loss" in line]
    shutil.rmtree(tmp_path / "align" / "checkpoint-4")
    train(run)
    assert [line["loss"] for line in logged(tmp_path) if "loss" in line] == [line["loss"] for line in lines]
    for line in lines:
        total = sum(weight * line[f"loss_{name}"] for name, weight in FOUR.items())
        assert line["loss"] == pytest.approx(total, abs=1e-4)
    assert all(line["loss_consistency"] > 0 for line in lines)


def test_attention_trains_its_queries_and_predicts_with_maps(manifest, llava_dir, tmp_path):
    model = {"readout": {"dim": 8, "pooling": "attention", "granularity": "both"}}
    settings = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "dtype": "float32", "head_rate": 0.01}
    change = {"data": {"options": {"unlisted": "absent"}, "second_view": True}, "loss": {"weights": FOUR}}
    checkpoint = train(config(manifest, llava_dir, tmp_path, model=model, train=settings, **change))
    weights = load_file(checkpoint / "model.safetensors")
    assert all(weights[f"readout.queries.{modality}"].abs().min() > 0 for modality in ("image", "text"))
    predictor, film = Predictor.load(checkpoint), manifest.parent / "0.png"
    found = predictor.predict(film, ["mass", "effusion"]).findings
    assert all(-2 <= finding.score <= 2 for finding in found)
    assert {name: each.shape for name, each in predictor.maps(film, ["mass"]).items()} == {"mass": (2, 2)}


@pytest.mark.parametrize("strategy", ["learned", "hybrid"])
def test_anchors_train_and_come_back_with_the_checkpoint(manifest, llava_dir, tmp_path, strategy):
    settings = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "dtype": "float32", "head_rate": 0.01}
    change = {"anchors": strategy, "loss": {"weights": {"alignment": 0.5, "knowledge": 0.5}}, "train": settings}
    checkpoint = train(config(manifest, llava_dir, tmp_path, **change))
    saved = json.loads((checkpoint / "config.json").read_text())["model"]["anchors"]
    assert saved == {"strategy": strategy, "concepts": ["no_finding", "effusion", "mass"]}
    predictor = Predictor.load(checkpoint)
    weights = load_file(checkpoint / "model.safetensors")
    for name, tensor in predictor.model.model.anchors.state_dict().items():
        assert torch.equal(tensor, weights[f"anchors.{name}"])
    assert predictor.anchors(["mass", "effusion"]).strategy == strategy
    film = str(manifest.parent / "0.png")
    default = {"learned": {"effusion", "mass"}, "hybrid": {c.id for c in predictor.knowledge if c.default}}
    assert {finding.name for finding in predictor.predict(film).findings} == default[strategy]
    assert len(predictor.predict(film, ["mass", "effusion"]).findings) == 2
    fresh = registry.load("anchors", strategy)(saved["concepts"], 16).state_dict()
    changed = {n for n in fresh if n not in ("inner.weight", "inner.bias")}
    assert all(not torch.equal(fresh[n], weights[f"anchors.{n}"]) for n in changed)

    again = train(config(manifest, llava_dir, tmp_path / "again", start=str(checkpoint), **change))
    assert load_checkpoint(again)[0].config.anchors == load_checkpoint(checkpoint)[0].config.anchors


@pytest.mark.parametrize(
    "change",
    [
        {"loss": {"weights": {"alignment": 1.0}}},
        {"loss": {"weights": {"knowledge": 1.0}}, "train": {"train_parts": ["lora", "heads"]}},
    ],
)
def test_anchors_that_nothing_would_train_are_refused(manifest, llava_dir, tmp_path, change):
    with pytest.raises(ConfigError, match="The anchors 'hybrid' learn"):
        train(config(manifest, llava_dir, tmp_path, anchors="hybrid", **change))


def test_a_half_written_state_is_passed_over(manifest, llava_dir, tmp_path):
    train(config(manifest, llava_dir, tmp_path, train={"max_steps": 2, "batch_size": 6, "save_steps": 2}))
    half = tmp_path / "align" / "checkpoint-4"
    half.mkdir()
    assert train_run.last_state(tmp_path / "align").endswith("checkpoint-2")
    (tmp_path / "align" / "checkpoint-2" / "trainer_state.json").unlink()
    with pytest.raises(CheckpointError, match="holds only unfinished states"):
        train_run.last_state(tmp_path / "align")


def test_it_learns_and_logs_every_term(manifest, llava_dir, tmp_path):
    seen = []

    def validate(model):
        seen.append(model)
        return {"auroc": 0.5}

    train(
        config(
            manifest,
            llava_dir,
            tmp_path,
            train={
                "epochs": 12,
                "batch_size": 18,
                "learning_rate": 0.01,
                "projector_rate": 0.01,
                "save_steps": 12,
                "dtype": "float32",
            },
        ),
        validate,
    )
    assert losses(tmp_path)[-1] < 0.8 * losses(tmp_path)[0]
    lines = logged(tmp_path)
    assert lines[0]["loss_alignment"] == pytest.approx(lines[0]["loss"], abs=1e-3)
    assert len(seen) == 12
    assert any(line.get("val_auroc") == 0.5 for line in lines)


def test_a_training_whose_numbers_are_none_stops_and_says_so(manifest, llava_dir, tmp_path):
    wild = {"learning_rate": 1e30, "head_rate": 1e30, "epochs": 4, "batch_size": 6, "dtype": "float32"}
    with pytest.raises(TrainingError, match=r"(loss 'alignment'|norm of the gradients) is (nan|inf) in step [1-9]"):
        train(config(manifest, llava_dir, tmp_path, train=wild | {"warmup_fraction": 0.0}))
    assert not (tmp_path / "checkpoint").exists()


def test_warm_up_moves_the_tower_and_is_done_once(manifest, llava_dir, tmp_path):
    settings = config(
        manifest, llava_dir, tmp_path, warmup={"epochs": 1, "batch_size": 6}, train={"max_steps": 1, "batch_size": 6}
    )
    checkpoint = train(settings)
    first = load_file(checkpoint / "model.safetensors")
    head = load_tower_head(checkpoint)
    assert head.concepts == ("effusion", "mass")
    model, provenance = load_checkpoint(checkpoint)
    assert "supervised, 1 epochs" in provenance.warmup
    fresh = train_run.build_model(settings.model, settings.seed)
    moved = {n for n, t in model.tower.state_dict().items() if not torch.equal(t, fresh.tower.state_dict()[n])}
    assert moved
    stamp = (tmp_path / "tower.safetensors").stat().st_mtime_ns
    again = load_file(train(settings) / "model.safetensors")
    assert (tmp_path / "tower.safetensors").stat().st_mtime_ns == stamp
    assert all(torch.equal(first[n], again[n]) for n in first if n.startswith("tower."))


def test_towers_and_states_that_are_shared_change_no_weight(manifest, llava_dir, tmp_path):
    data = {"options": {"unlisted": "absent"}, "cached_views": 2}
    change = {"data": data, "warmup": {"epochs": 1, "batch_size": 6}}
    change["train"] = {"max_steps": 2, "batch_size": 6, "dtype": "float32"}
    shared = {"shared": str(tmp_path / "shared")}
    own = load_file(train(config(manifest, llava_dir, tmp_path / "own", **change)) / "model.safetensors")
    for name in ("made", "read"):
        found = load_file(train(config(manifest, llava_dir, tmp_path / name, **change, **shared)) / "model.safetensors")
        assert all(torch.equal(own[n], found[n]) for n in own)
        assert not (tmp_path / name / "tower.safetensors").exists()
    assert len([*(tmp_path / "shared").glob("states-*.safetensors")]) == 1
    other = config(manifest, llava_dir, tmp_path / "other", **change, **shared, seed=1)
    train(other)
    assert len([*(tmp_path / "shared").glob("states-*.safetensors")]) == 2


def test_a_run_without_a_step_is_the_model_it_starts_as_with_statistics_measured(manifest, llava_dir, tmp_path):
    model = {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": None}, "tokens": {"count": 0}}
    settings = {"batch_size": 6, "epochs": 0, "dtype": "float32"}
    run = config(manifest, llava_dir, tmp_path, model=model, train=settings)
    made, fresh = load_checkpoint(train(run))[0], train_run.build_model(run.model, run.seed)
    before, after = fresh.state_dict(), made.state_dict()
    changed = {n for n in after if not torch.equal(after[n], before[n])}
    assert changed == {f"readout.heads.{head}.{what}" for head in made.readout.heads for what in ("mean", "std")}
    head, state = made.readout.heads["image_global"], torch.randn(2, made.readout.dim)
    expected = torch.nn.functional.normalize((state - head.mean) / head.std, dim=-1)
    torch.testing.assert_close(head(state), expected, rtol=0, atol=1e-6)  # measured: 0


def test_a_head_of_a_tower_that_moved_on_is_not_kept(manifest, llava_dir, tmp_path):
    parts = ["tower", "projector", "lora", "tokens", "heads"]
    settings = config(
        manifest,
        llava_dir,
        tmp_path,
        warmup={"epochs": 1},
        train={"max_steps": 1, "batch_size": 6, "train_parts": parts},
    )
    assert load_tower_head(train(settings)) is None


def test_the_checkpoint_is_the_mean_of_the_newest_states(manifest, llava_dir, tmp_path):
    steps = {"batch_size": 6, "max_steps": 4, "save_steps": 1, "keep_states": 3, "average_states": 2}
    checkpoint = train(config(manifest, llava_dir, tmp_path, train=steps))
    mean = load_file(checkpoint / "model.safetensors")
    third, fourth = (load_file(tmp_path / f"align/checkpoint-{n}/learned.safetensors") for n in (3, 4))
    moved = [n for n in mean if mean[n].is_floating_point() and not torch.equal(third[n], fourth[n])]
    assert moved
    for name in moved:  # measured: 0
        torch.testing.assert_close(mean[name], (third[name] + fourth[name]) / 2, rtol=1e-6, atol=1e-7)
    again = load_file(train(config(manifest, llava_dir, tmp_path, train=steps)) / "model.safetensors")
    assert all(torch.equal(mean[name], again[name]) for name in mean)  # nothing left to train


def test_parts_are_kept_in_half_where_the_configuration_says_so(manifest, llava_dir, tmp_path):
    halved = {"max_steps": 1, "batch_size": 6, "half_parts": ["lora"]}
    weights = load_file(train(config(manifest, llava_dir, tmp_path, train=halved)) / "model.safetensors")
    half = {name for name, tensor in weights.items() if tensor.dtype == torch.float16}
    assert half == {name for name in weights if ".lora_" in name}
    assert half


def test_a_mean_of_more_states_than_there_are_is_refused(manifest, llava_dir, tmp_path):
    with pytest.raises(ConfigError, match=r"average_states \(3\) needs as many states: train.keep_states is 1"):
        config(manifest, llava_dir, tmp_path, train={"average_states": 3})
    steps = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "keep_states": 3, "average_states": 3}
    with pytest.raises(CheckpointError, match="mean of 3 states was asked for and the run left 1"):
        train(config(manifest, llava_dir, tmp_path, train=steps))


def test_activation_checkpointing_changes_no_loss(manifest, llava_dir, tmp_path):
    for name, on in (("plain", False), ("checkpointed", True)):
        change = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "checkpointing": on, "dtype": "float32"}
        train(config(manifest, llava_dir, tmp_path / name, train=change))
    assert losses(tmp_path / "checkpointed") == pytest.approx(losses(tmp_path / "plain"), abs=1e-6)  # measured: 0


def test_bfloat16_trains_and_stays_close(manifest, llava_dir, tmp_path):
    for dtype in ("float32", "bfloat16"):
        change = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "dtype": dtype}
        train(config(manifest, llava_dir, tmp_path / dtype, train=change))
    assert losses(tmp_path / "bfloat16") == pytest.approx(losses(tmp_path / "float32"), rel=0.1)  # measured: 0.009


def test_training_gives_freed_memory_back(manifest, llava_dir, tmp_path, monkeypatch):
    given: list[int] = []
    monkeypatch.setattr("radz.train.loop.trim_heap", lambda: given.append(1))
    train(config(manifest, llava_dir, tmp_path, train={"batch_size": 6, "max_steps": 4}))
    assert len(given) == 2  # every other step


def test_a_reporter_is_told(manifest, llava_dir, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    change = {"batch_size": 6, "max_steps": 2, "reporters": ["tensorboard"]}
    train(config(manifest, llava_dir, tmp_path, train=change))
    (events,) = (tmp_path / "align").rglob("events.out.tfevents.*")
    assert b"loss_alignment" in events.read_bytes()


def test_the_checkpoint_says_what_it_has_seen(manifest, llava_dir, tmp_path):
    own = {"corpus": "manifest", "root": str(manifest), "report_policy": "report", "options": {"unlisted": "absent"}}
    checkpoint = train(
        config(manifest, llava_dir, tmp_path, data=own, train={"max_steps": 1, "batch_size": 6}), command="radz train x"
    )
    provenance = load_checkpoint(checkpoint)[1]
    assert provenance.command == "radz train x"
    assert provenance.policies == {"unlisted": "absent"}
    assert provenance.studies == provenance.patients == 18
    assert provenance.supervised == {"effusion": 6, "mass": 6, "no_finding": 6}
    assert provenance.mentioned == {"effusion": 6, "mass": 6, "no_finding": 6}
    text = (checkpoint / "provenance.json").read_text()
    assert "There is" not in text
    assert str(manifest.parent) not in text


def test_a_second_run_starts_from_a_checkpoint_and_remembers_it(manifest, llava_dir, tmp_path):
    first = train(config(manifest, llava_dir, tmp_path / "1", train={"max_steps": 1, "batch_size": 6}))
    second = train(
        config(manifest, llava_dir, tmp_path / "2", start=str(first), train={"max_steps": 1, "batch_size": 6})
    )
    assert load_checkpoint(second)[1].started_from == load_checkpoint(first)[1].fingerprint


def test_too_few_studies_are_refused(manifest, llava_dir, tmp_path):
    with pytest.raises(CorpusError, match="has 18 studies, fewer than one batch of 64"):
        train(config(manifest, llava_dir, tmp_path, train={"batch_size": 64}))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_configuration_loads(path):
    assert all(config.output for config in load_plan(path))


def test_settings_are_overridden_from_the_command_line():
    changed = load_config(CONFIGS / "default.yaml", ["train.epochs=1", "data.options={unlisted: absent}"])
    assert changed.train.epochs == 1
    assert changed.data.options == {"unlisted": "absent"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epoch=1", "Unknown setting 'train.epoch'. Did you mean 'train.epochs'"),
        ("train.epochs", "written key=value"),
        ("train.epochs.x=1", "'epochs' is a value, not a section"),
        ("train.batch_size=1", "greater than or equal to 2"),
        ("data.val_split=test", "nothing is chosen by looking at a test split"),
        ("train.train_parts=[tower]", "data.cached_views needs a frozen tower"),
    ],
)
def test_bad_settings_are_refused(override, message):
    with pytest.raises((ConfigError, UnknownNameError), match=message.replace("(", r"\(")):
        load_config(CONFIGS / "default.yaml", [override])


def test_a_configuration_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No configuration file"):
        load_config(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("- a list")
    with pytest.raises(ConfigError, match="must hold a mapping"):
        load_config(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(tmp_path / "x.yaml")


def test_yaml_cannot_run_code(tmp_path):
    (tmp_path / "x.yaml").write_text(yaml.dump({"output": "x"}) + "seed: !!python/object/apply:os.getpid []\n")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(tmp_path / "x.yaml")
