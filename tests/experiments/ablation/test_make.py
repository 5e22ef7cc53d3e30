"""Making runs: what they share, what is scored in an arm's place, and what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from ablation_fakes import CONFIGS, runs_of
from radz.errors import CheckpointError, ConfigError, LeakageError
from radz.experiments.ablation.make import make, score, strategy_of
from radz.experiments.ablation.plan import ScoringConfig, load_ablation
from radz.experiments.ablation.record import record_of
from radz.experiments.ablation.runs import Store
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import read_scores
from tiny import LAYERS
from tiny_checkpoints import save_sentence_encoder


def test_runs_share_tower_and_states_and_are_not_made_twice(folder, finished):
    runs, _ = runs_of(folder, finished)
    first = runs[:4]
    assert [run.state for run in runs] == ["done"] * 4 + ["to do"] * 4
    assert len([*finished.glob("shared/tower-*/tower.safetensors")]) == 1
    assert len([*finished.glob("shared/states-*.safetensors")]) == 1
    weights = [load_file(run.folder / "checkpoint" / "model.safetensors") for run in first]
    towers = [{n: t for n, t in state.items() if n.startswith("tower.")} for state in weights]
    assert all(torch.equal(towers[0][n], tower[n]) for tower in towers for n in towers[0])
    projector = "projector.linear_1.weight"
    general, base, _, raw = weights
    assert torch.equal(general[projector], base[projector])
    assert not torch.equal(base[projector], raw[projector])
    assert not any("readout" in name and "project" in name for name in base)

    stamps = [(run.folder / "checkpoint" / "model.safetensors").stat().st_mtime_ns for run in first]
    for run in first:
        make(run.folder)
    assert stamps == [(run.folder / "checkpoint" / "model.safetensors").stat().st_mtime_ns for run in first]
    assert not (first[2].folder / "align").exists()


def test_other_systems_and_films_take_the_arms_place_and_leave_it_empty_where_they_lack(folder, finished, tmp_path):
    tree = yaml.safe_load((folder / "plan.yaml").read_text())
    both = tree["arms"]["both"]
    films = {
        "corpus": "manifest",
        "root": str(folder / "manifest.csv"),
        "split": "val",
        "options": {"unlisted": "absent"},
    }
    arms = {
        "both": both,
        "metadata": both | {"scoring.system": "metadata_only"},
        "tower": both | {"scoring.system": "supervised"},
        "pair": both | {"scoring.system": "dual_encoder", "scoring.options": {"text_encoder": str(tmp_path / "words")}},
        "asked": both | {"scoring.system": "llava"},
        "clip": both | {"scoring.system": "clip", "scoring.checkpoint": str(tmp_path / "none")},
        "elsewhere": both | {"scoring.corpus": {"corpus": "chestxray14", "root": str(tmp_path)}},
    }
    save_sentence_encoder(tmp_path / "words")
    tree |= {"arms": arms, "claims": {}, "needs": {"clip": "weights of CLIP"}}
    (folder / "systems.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
    ablation, store = load_ablation(folder / "systems.yaml"), Store(finished)
    places = store.add(ablation.cells)
    (run,) = [run for run in store.runs.values() if run.config.data.fold == "1/2" and run.start]
    assert run.state == "begun"
    assert len(run.missing) == 6
    tower = places["tower", 0, "1/2"]
    assert [[*wanted.scores] for wanted in store.runs_for([tower])] == [[], [tower.name]]  # its start, and it alone
    make(run.write())
    assert run.state == "lacking"
    record = record_of(ablation, places, draws=50)["arms"]
    assert {name: arm["done"] for name, arm in record.items()} == {n: int(n not in ("clip", "elsewhere")) for n in arms}
    assert record["metadata"]["auroc_within"] == [0.5, 0.5, 0.5]
    assert record["clip"]["lacks"] == "needs weights of CLIP"
    assert str(tmp_path) in places["clip", 0, "1/2"].with_suffix(".lacking.txt").read_text()
    pair = load_file(run.folder / "dual_encoder" / "checkpoint" / "tower" / "model.safetensors")
    tower = load_file(run.folder / "checkpoint" / "model.safetensors")
    assert all(torch.equal(pair[n], tower["tower." + n]) for n in pair)  # the same warmed-up tower
    assert (
        read_scores(places["asked", 0, "1/2"]).provenance.model
        != read_scores(places["both", 0, "1/2"]).provenance.model
    )
    with pytest.raises(LeakageError, match="contains training images"):
        score(run.config, ScoringConfig(corpus=films))


@pytest.mark.parametrize(("layer", "layers"), [(1, 1), (-1, LAYERS)])
def test_an_arm_reads_another_layer_than_the_run_that_it_starts_from(folder, finished, tmp_path, layer, layers):
    """Fewer layers of the backbone are loaded for it, or all of them; it is the same backbone nonetheless."""
    output = tmp_path / "out"
    shutil.copytree(finished, output)
    plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    plan |= {"arms": {"other": plan["arms"]["both"] | {"model.readout.layer": layer}}, "claims": {}}
    (folder / "layer.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    store = Store(output)
    store.add(load_ablation(folder / "layer.yaml").cells)
    start, run, *_ = store.runs.values()
    assert (start.state, run.state) == ("done", "to do")
    other = shutil.copytree(run.config.model.source, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    name = next(n for n in weights if "language_model" in n and "layers.0" in n and weights[n].dim() == 2)
    save_file(weights | {name: weights[name] + 1}, other / "model.safetensors", {"format": "pt"})
    changed = run.config.model_copy(update={"model": run.config.model.model_copy(update={"source": str(other)})})
    with pytest.raises(CheckpointError, match="Features would be meaningless"):
        make(replace(run, config=changed).write())
    make(run.write())
    assert run.state == "done"
    adapted = [n for n in load_file(run.folder / "checkpoint" / "model.safetensors") if ".lora_A." in n]
    assert {int(name.partition(".layers.")[2].partition(".")[0]) for name in adapted} == {*range(layers)}


@pytest.mark.parametrize("name", ["descriptions", "granularity", "pooling", "temperature", "token_count"])
def test_each_arm_of_an_open_question_can_be_run(folder, finished, tmp_path, name):
    shutil.copytree(finished, tmp_path / "out")
    plan = yaml.safe_load((CONFIGS / "ablations" / f"{name}.yaml").read_text(encoding="utf-8")) | {"folds": 2}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    ablation, store = load_ablation(folder / f"{name}.yaml"), Store(tmp_path / "out")
    places = store.add(cell for cell in ablation.cells if cell.fold == "1/2")
    runs = [run for run in store.runs.values() if run.missing]
    for run in runs:
        make(run.write())
    assert all(path.is_file() for path in places.values())
    assert len(runs) == len(ablation.arms) - 1  # the first arm is `both` of components.yaml
    arms = record_of(ablation, places, draws=10)["arms"]
    assert {arm["done"] for arm in arms.values()} == {1}


def test_scoring_in_other_words(llava_dir, folder):
    cell = load_ablation(folder / "plan.yaml").cells[0]
    words = ScoringConfig(template="Film with {finding}.", denial="Film without {finding}.")
    concepts = [c for c in KnowledgeBase.load() if c.id in ("mass", "edema")]
    seen = []

    def encode(texts):
        seen.extend(texts)
        return torch.eye(len(texts))

    anchors = strategy_of(cell.config, words, None)(concepts, encode)
    assert {f"Film with {c.name}." for c in concepts} | {f"Film without {c.name}." for c in concepts} == set(seen)
    assert torch.equal(anchors.positive @ anchors.negative.T, torch.zeros(2, 2))
    with pytest.raises(ConfigError, match=r"needs scoring\.template"):
        strategy_of(cell.config, ScoringConfig(denial="no {finding}"), None)
    with pytest.raises(ConfigError, match="names no finding"):
        strategy_of(cell.config, ScoringConfig(template="There is something."), None)
