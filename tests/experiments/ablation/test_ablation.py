"""Ablations: arms of a plan become runs that share what they can, resume, and end in a table with empty cells."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from radz.cli import app
from radz.errors import CheckpointError, ConfigError, LeakageError, UnknownNameError
from radz.experiments.ablation.make import make, score, strategy_of
from radz.experiments.ablation.plan import ScoringConfig, load_ablation
from radz.experiments.ablation.pool import make_all
from radz.experiments.ablation.runs import Run, Store
from radz.experiments.ablation.table import arms_rows, cells_rows, html_page_of, page_of, record_of
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import read_scores
from radz.train.data import open_training_data
from tiny import LAYERS
from tiny_checkpoints import save_sentence_encoder

CONFIGS = Path(__file__).parents[3] / "configs"
PLANS = sorted(path for path in (CONFIGS / "ablations").glob("*.yaml") if path.stem != "base")


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.stem)
def test_every_shipped_plan_loads_and_names_what_it_varies(path):
    ablation = load_ablation(path)
    first_fold = [(cell.config, cell.start, cell.scoring) for cell in ablation.cells[: len(ablation.arms)]]
    assert len(ablation.cells) == len(ablation.arms) * ablation.plan.folds * len(ablation.plan.seeds)
    assert all(a != b for i, a in enumerate(first_fold) for b in first_fold[:i]), "two arms are the same"


def trainings(plan: str, arm: str) -> list[tuple]:
    cells = load_ablation(CONFIGS / "ablations" / f"{plan}.yaml").cells
    return [(cell.config, cell.start) for cell in cells if cell.arm == arm]


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.stem)
def test_no_plan_trains_the_default_method_a_second_time(path):
    first = next(iter(load_ablation(path).arms))
    arm = {"components": "both", "groups": "both", "tokens": "medical", "anchors": "hybrid"}.get(path.stem, first)
    assert trainings(path.stem, arm) == trainings("components", "DFAT only" if path.stem == "wording" else "both")


def test_an_override_reaches_every_arm_and_its_start(folder):
    cells = load_ablation(folder / "plan.yaml", ["data.text_variants=2", "train.epochs=2"]).cells
    assert {cell.config.data.text_variants for cell in cells} == {2}
    assert {cell.start.data.text_variants for cell in cells if cell.start} == {2}
    assert {cell.config.train.epochs for cell in cells} == {2}
    assert {cell.start.train.epochs for cell in cells if cell.start} == {3}
    assert [cell.fold for cell in cells] == ["1/2"] * 3 + ["2/2"] * 3


def test_a_grid_makes_every_combination(folder, tmp_path):
    grid = {"model.tokens.count": [1, 2], "train.epochs": [1, 2]}
    (tmp_path / "grid.yaml").write_text(yaml.safe_dump({"title": "x", "base": str(folder / "base.yaml"), "grid": grid}))
    arms = load_ablation(tmp_path / "grid.yaml").arms
    assert [*arms] == ["count 1, epochs 1", "count 1, epochs 2", "count 2, epochs 1", "count 2, epochs 2"]
    assert arms["count 2, epochs 1"] == {"model.tokens.count": 2, "train.epochs": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": {"a": {"train.epoch": 1}}}, "Arm 'a': Unknown setting 'train.epoch'. Did you mean 'train.epochs'"),
        ({"arms": {"a": {"start": "genral"}}}, "Arm 'a': Unknown start 'genral'. Did you mean 'general'"),
        ({"arms": {"a": {"scoring.ancors": "x"}}}, "Unknown setting 'ancors'"),
        ({"arms": {}}, "A plan needs arms or a grid"),
        ({"claims": {"bose": 1.0}}, "Unknown arm under claims 'bose'. Did you mean 'base'"),
        ({"folds": 1}, "folds: Input should be greater than or equal to 2"),
    ],
)
def test_a_bad_plan_is_refused(folder, change, message):
    tree = yaml.safe_load((folder / "plan.yaml").read_text()) | {"claims": {}} | change
    (folder / "bad.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        load_ablation(folder / "bad.yaml")


def runs_of(folder: Path, output: Path, *overrides: str) -> tuple[list[Run], dict]:
    store = Store(output)
    places = store.add(load_ablation(folder / "plan.yaml", overrides).cells)
    return [*store.runs.values()], places


def test_a_run_is_named_by_what_it_is_made_of(folder, tmp_path):
    runs, _ = runs_of(folder, tmp_path / "a")
    names = [run.name for run in runs]
    assert len(set(names)) == len(names) == 8  # two folds of: general, base, both, raw
    assert names == [run.name for run in runs_of(folder, tmp_path / "b")[0]]
    assert set(names).isdisjoint(run.name for run in runs_of(folder, tmp_path, "train.learning_rate=0.1")[0][1:2])
    assert names == [run.name for run in runs_of(folder, tmp_path, "train.checkpointing=true")[0]]  # the same result
    moved = tmp_path / "moved.csv"
    moved.write_text((folder / "manifest.csv").read_text().replace("No Finding", "Effusion"))
    relabelled = runs_of(folder, tmp_path, f"data.root={moved}")[0]
    assert set(names).isdisjoint(run.name for run in relabelled)


def test_rows_beside_the_pairs_are_the_arms_own_and_part_of_its_name(folder, tmp_path):
    def named(place: str, report: str) -> tuple[str, str]:
        table = tmp_path / place
        table.write_text(f"findings\n{report}\n", encoding="utf-8")
        rows = ("data.unlabelled.texts={table: " + str(table) + ", column: findings}", "data.second_view=true")
        runs, _ = runs_of(folder, tmp_path, "loss.weights={knowledge: 1.0, consistency: 0.1}", *rows)
        return runs[0].name, runs[1].name

    pairs_alone = runs_of(folder, tmp_path)[0][0].name
    start, arm = named("a.csv", "A mass.")
    assert named("elsewhere.csv", "A mass.") == (start, arm)
    assert start == named("b.csv", "A mass in the left lung.")[0] == pairs_alone
    assert arm != named("c.csv", "A mass in the left lung.")[1]


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory) -> Path:
    """A directory in which the runs of the first fold are made."""
    output = tmp_path_factory.mktemp("made")
    for run in runs_of(folder, output)[0][:4]:
        assert run.state == "to do"
        make(run.write())
        assert run.state == "done"
    return output


def test_runs_share_tower_and_states_and_end_in_a_table(folder, made):
    runs, places = runs_of(folder, made)
    ablation = load_ablation(folder / "plan.yaml")
    first = runs[:4]
    assert [run.state for run in runs] == ["done"] * 4 + ["to do"] * 4
    assert len([*made.glob("shared/tower-*/tower.safetensors")]) == 1
    assert len([*made.glob("shared/states-*.safetensors")]) == 1
    weights = [load_file(run.folder / "checkpoint" / "model.safetensors") for run in first]
    towers = [{n: t for n, t in own.items() if n.startswith("tower.")} for own in weights]
    assert all(torch.equal(towers[0][n], own[n]) for own in towers for n in towers[0])
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

    record = record_of(ablation, places, draws=50)
    assert [arm["done"] for arm in record["arms"].values()] == [1, 1, 1]
    assert record["exposure"] == {"mass": "supervised"}
    scored = read_scores(places["both", 0, "1/2"])
    assert scored.provenance.fold == "1/2"
    trained_on = open_training_data(first[0].config.data, first[0].config.seed)
    assert set(scored.rows["study"]).isdisjoint(study.study_id for study in trained_on.records)
    assert [cells[2] for cells in cells_rows(record)[1]] == ["", "", ""]
    page = page_of(record)
    assert "label-text supervised" in page
    assert "None of it is a zero-shot result" in page
    assert "the stage that arms start from took" in page
    pytest.importorskip("jinja2")
    html = html_page_of(record)
    assert all(f'id="{name}"' in html for name in ("arms", "by-finding", "runs"))
    assert '<p class="kind">Ablation</p>' in html
    elsewhere = load_ablation(folder / "plan.yaml", [f"data.root={folder / 'manifest.csv'}"])
    assert str(folder) not in json.dumps(record_of(elsewhere, places, draws=50))


def test_other_systems_and_films_take_the_arms_place_and_leave_it_empty_where_they_lack(folder, made, tmp_path):
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
    ablation, store = load_ablation(folder / "systems.yaml"), Store(made)
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
def test_an_arm_reads_another_layer_than_the_run_that_it_starts_from(folder, made, tmp_path, layer, layers):
    """Fewer layers of the backbone are loaded for it, or all of them; it is the same backbone nonetheless."""
    output = tmp_path / "out"
    shutil.copytree(made, output)
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
def test_each_arm_of_an_open_question_can_be_run(folder, made, tmp_path, name):
    shutil.copytree(made, tmp_path / "out")
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


def test_a_table_without_runs_is_empty_and_says_so(folder, tmp_path):
    record = record_of(load_ablation(folder / "plan.yaml"), runs_of(folder, tmp_path)[1])
    assert arms_rows(record)[1][0] == ["base", "0 of 2", "", "", "", "", "63.2"]
    assert "Nothing has been run yet." in page_of(record)


def test_a_dry_run_lists_what_is_done_and_makes_nothing(folder, tmp_path):
    result = CliRunner().invoke(app, ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path), "--dry-run"])
    assert result.exit_code == 0
    assert "6 cells of 3 arms, 8 runs: 8 to do" in result.output
    assert "both [seed 0, fold 2/2]" in result.output
    assert not [*tmp_path.iterdir()]
    wrong = CliRunner().invoke(app, ["ablate", str(folder / "plan.yaml"), "--arm", "bose"])
    assert "Unknown arm of plan 'bose'. Did you mean 'base'" in str(wrong.exception)


def test_one_fold_of_a_plan_can_be_run_first(folder, tmp_path):
    command = ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path), "--dry-run", "--fold"]
    listed = CliRunner().invoke(app, [*command, "2"]).output
    assert "4 runs: 4 to do" in listed  # three arms and what two of them start from
    assert "fold 2/2" in listed
    assert "fold 1/2" not in listed
    assert "--fold 3: plan has 2 folds" in str(CliRunner().invoke(app, [*command, "3"]).exception)


def test_runs_wait_for_their_start_and_fail_with_it(folder, tmp_path):
    told, order, both_starts = [], [], Barrier(2)

    def process(run, device, count):
        order.append(run.name)
        if run.config.stage == "general":
            both_starts.wait(timeout=30)  # broken unless they are made at the same time
        return "exit code 1: out of memory" if run.start is None and "general" in run.config.stage else ""

    runs, _ = runs_of(folder, tmp_path)
    failed = make_all(runs, ["0", "1"], lambda run, what: told.append((run.name, what)), process)
    general = [run.name for run in runs if run.config.stage == "general"]
    assert {name for name in failed if name in general} == set(general)
    assert sum("that it starts from failed: exit code 1" in why for why in failed.values()) == 4
    assert len(order) == 4  # two starts and two raw arms; what starts from a failed run is never begun


def test_a_fold_is_through_as_early_as_it_can_be_and_no_run_waits_for_a_tower_while_others_could_go(folder, tmp_path):
    runs, _ = runs_of(folder, tmp_path)
    begun, first_fold_is_through = [], Event()

    def process(run, device, count):
        begun.append(run)
        if run is starts[1]:
            assert first_fold_is_through.wait(timeout=30)
        if len(begun) == 5:
            first_fold_is_through.set()
        return ""

    starts = [run for run in runs if run.config.stage == "general"]
    assert make_all(runs, [None, None], lambda run, what: None, process) == {}
    assert begun[:2] == starts  # of the second fold, as all else on the first fold's films needs its tower
    assert [run.config.data.fold for run in begun[2:]] == ["1/2"] * 3 + ["2/2"] * 3


def test_an_interrupted_command_leaves_the_table_of_what_is_done(folder, made, tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    shutil.copytree(made, tmp_path / "out")
    monkeypatch.setattr("radz.experiments.ablation.pool.make_all", interrupted)
    result = CliRunner().invoke(app, ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path / "out")])
    assert result.exit_code != 0
    record = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert [arm["done"] for arm in record["arms"].values()] == [1, 1, 1]


@pytest.mark.slow
def test_the_command_makes_what_is_missing_in_a_process_and_shows_the_table(folder, made, tmp_path):
    shutil.copytree(made, tmp_path / "out")
    stamp = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    command = ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path / "out"), "--arm", "base, raw projector"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "| base, raw projector | 2 of 2 | 0." in result.output
    assert all(path.stat().st_mtime_ns == before for path, before in stamp.items())
    record = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert [arm["done"] for arm in record["arms"].values()] == [1, 1, 2]
    assert (tmp_path / "out" / "plan.md").is_file()


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
