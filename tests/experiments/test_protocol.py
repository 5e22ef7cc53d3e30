"""Protocols: every shipped one loads, and each kind runs from the command line on a tiny model and made-up films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from radz.cli import app
from radz.data.corpora.manifest import Manifest
from radz.errors import ConfigError, LeakageError
from radz.experiments.protocol_plan import HeldOutProtocol, load_protocol
from radz.metrics.scores_file import read_scores
from radz.types import Presence

SHIPPED = sorted((Path(__file__).parents[2] / "configs" / "protocols").glob("*.yaml"))
LABELS = ("Effusion", "Mass", "Mass;Effusion", "No Finding")
OPTIONS = {"unlisted": "absent"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, llava_dir) -> Path:
    """48 films of a patient each, bright where they show a mass, and a run configuration over them."""
    root = tmp_path_factory.mktemp("protocols")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(96):
        film = rng.integers(0, 60, (32, 32), dtype=np.uint8)
        film[:16] += 180 if "Mass" in LABELS[i % 4] else 0
        Image.fromarray(film).save(root / f"{i}.png")
        lines.append(f"{i}.png,{LABELS[i % 4]},p{i},{'train' if i < 48 else 'test'},fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    base = {
        "data": {"corpus": "manifest", "root": str(root / "manifest.csv"), "options": OPTIONS},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2}},
        "train": {"batch_size": 8, "max_steps": 1, "dtype": "float32"},
    }
    (root / "base.yaml").write_text(yaml.safe_dump(base), encoding="utf-8")
    return root


def write(folder: Path, name: str, **tree) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"title": name, **tree}, sort_keys=False), encoding="utf-8")
    return path


def films(folder: Path, **more) -> dict:
    return {"corpus": "manifest", "root": str(folder / "manifest.csv"), "options": OPTIONS, **more}


def table_lines(output: Path) -> list[str]:
    return [line for line in (output / "page.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]


def run(plan: Path, *more: str):
    return CliRunner().invoke(
        app, ["protocol", str(plan), "--output", str(plan.parent / "out"), "--draws", "20", *more]
    )


@pytest.fixture(scope="module")
def held(folder):
    """The outcome of a held-out protocol, whose first checkpoint the others use."""
    sets = {"a": ["effusion"], "b": ["mass"]}
    plan = write(folder, "held", kind="held_out", base="base.yaml", sets=sets, anchors=["names", "rules"])
    return run(plan, "--set", "run.train.learning_rate=0.001")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_protocol_loads(path, tmp_path):
    what = load_protocol(path)
    if isinstance(what, HeldOutProtocol):
        configs = what.configs(path.parent, tmp_path)
        assert {n: c.data.held_out for n, c in configs.items()} == what.sets
        assert len({config.output for config in configs.values()}) == len(configs)


def test_held_out_trains_each_set_and_asks_for_it_alone(held, folder):
    assert held.exit_code == 0, held.output
    for name, finding in (("a", "effusion"), ("b", "mass")):
        table = read_scores(folder / "out" / "held" / f"{name}.rules.parquet")
        assert table.concepts == (finding,)
        assert (table.provenance.exposure, table.provenance.claim) == ({finding: "unseen"}, "zero-shot")
        assert table.provenance.anchors == "rules"
    head, _, *rows = table_lines(folder / "out" / "held")[:5]
    assert head == (
        "| set | images | findings | claim | names | names, abnormal | rules | rules, abnormal | rules − names "
        "| rules − names, abnormal |"
    )
    assert [row.split(" | ")[:4] for row in rows] == [
        ["| a", "48", "1", "zero-shot"], ["| b", "48", "1", "zero-shot"], ["| all", "48", "2", "zero-shot"],
    ]  # fmt: skip


def test_what_is_trained_is_not_trained_again_nor_mixed_with_other_settings(held, folder):
    weights = [folder / "out" / "held" / name / "checkpoint" / "model.safetensors" for name in "ab"]
    before = [path.stat().st_mtime_ns for path in weights]
    again = run(folder / "held.yaml", "--set", "run.train.learning_rate=0.001")
    assert again.exit_code == 0
    assert held.stdout.endswith(again.stdout)
    assert [path.stat().st_mtime_ns for path in weights] == before
    other = run(folder / "held.yaml", "--set", "run.train.learning_rate=0.002")
    assert isinstance(other.exception, ConfigError)
    assert "holds a run of other settings. Give another --output" in str(other.exception)


def test_a_protocol_without_any_of_its_corpora_is_refused(folder, tiny_checkpoint):
    plan = write(folder, "nowhere", kind="zero_shot", films={"x": {"corpus": "rsna", "root": "nowhere"}})
    refused = run(plan, "--model", str(tiny_checkpoint))
    assert "None of this protocol's corpora could be opened. x: not here. nowhere" in str(refused.exception)


def test_a_model_that_saw_the_finding_is_not_zero_shot(held, folder):
    model = ("--model", str(folder / "out" / "held" / "a" / "checkpoint"))
    plan = write(folder, "zero", kind="zero_shot", films={"x": films(folder, findings=["mass"])})
    refused = run(plan, *model)
    assert isinstance(refused.exception, LeakageError)
    assert "mass (supervised)" in str(refused.exception)
    allowed = run(plan, *model, "--set", "films.x.zero_shot=false", "--set", "films.y={corpus: rsna, root: nowhere}")
    assert allowed.exit_code == 0, allowed.output
    assert any(line.startswith("| x | mass | supervised | 24 |") for line in table_lines(folder / "out" / "zero"))
    assert "y: not here." in allowed.stdout


def test_linear_learns_from_shares_of_the_patients(held, folder):
    plan = write(folder, "few", kind="linear", films={"x": films(folder)}, percent=[1, 25, 100], seeds=[0, 1])
    result = run(plan, "--model", str(folder / "out" / "held" / "a" / "checkpoint"))
    assert result.exit_code == 0, result.output
    rows = [line.strip("| ").split(" | ") for line in table_lines(folder / "out" / "few") if line.startswith("| x |")]
    assert [row[1:4] for row in rows] == [["0, anchors names", "0", "0"], ["1", "1", "1"], ["25", "12", "12"],
                                          ["100", "48", "48"]]  # fmt: skip
    assert rows[1][4].startswith("0.500 [0.500, 0.500]")  # one film is one class
    assert rows[1][7] == "2"
    assert float(rows[3][4][:5]) > 0.7  # brightness is in any feature
    assert "trained with labels of mass" in result.stdout
    assert len(list((folder / "out" / "few").glob("x.linear-*.parquet"))) == 5


def test_films_to_learn_from_that_cannot_be_read_are_counted(held, folder):
    film = folder / "0.png"
    whole = film.read_bytes()
    film.write_bytes(whole[:40])
    try:
        plan = write(folder, "torn", kind="linear", films={"x": films(folder)}, percent=[100])
        result = run(plan, "--model", str(folder / "out" / "held" / "a" / "checkpoint"))
    finally:
        film.write_bytes(whole)
    assert result.exit_code == 0, result.output
    assert "1 of 48 training images could not be read: `radz data check` lists them." in result.stderr


def test_labels_of_a_table_take_other_names(tmp_path):
    path = Manifest.fake(tmp_path)
    path.write_text(path.read_text().replace("Mass;?Nodule", "Tumour!").replace("-Mass;Effusion", "ChestCT"))
    corpus = Manifest(path, label_names={"Tumour!": "brain tumor", "ChestCT": "ct;-chest"})
    assert [dict(study.labels) for study in corpus.records][::2] == [
        {"brain_tumor": Presence.PRESENT}, {"ct": Presence.PRESENT, "chest": Presence.ABSENT},
    ]  # fmt: skip
