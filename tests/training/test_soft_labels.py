"""Soft labels: a table of probabilities, mixed into the targets of the warm-up and recorded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from radz.errors import CorpusError, UnknownNameError
from radz.training.data import open_training_data
from radz.training.soft_labels import read_soft_labels
from radz.training.task import TowerTask
from radz.training.train import train
from radz.types import Presence, Study
from tiny import tiny_model
from training_runs import run_config

NAN = float("nan")
FINDINGS = ("effusion", "mass", "no_finding")
STUDIES = [
    Study("a", "p1", labels={"mass": Presence.PRESENT, "effusion": Presence.ABSENT}),
    Study("b", "p2", image=Path("folder/b.png"), labels={"mass": Presence.UNCERTAIN}),
    Study("c", "p3", labels={"mass": Presence.ABSENT}),
]


def table(tmp_path, *rows, header="name,Mass,Pleural Effusion"):
    path = tmp_path / "teacher.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def read(path, weight=0.25, held_out=()):
    return read_soft_labels(path, weight, STUDIES, FINDINGS, held_out)


def test_probabilities_are_mixed_by_their_weight_and_gaps_keep_what_is_known(tmp_path):
    soft = read(table(tmp_path, "a,0.2,0.4", "b.png,0.6,"))
    expected = [[0.75 * 1 + 0.25 * 0.2, 0.25 * 0.4, NAN], [0.6, NAN, NAN], [0.0, NAN, NAN]]
    np.testing.assert_allclose(soft.mixed(STUDIES, ("mass", "effusion", "no_finding")).numpy(), expected, rtol=1e-6)
    assert soft.mixed([], FINDINGS).shape == (0, 3)


def test_the_source_is_described_without_its_folder(tmp_path):
    path = table(tmp_path, "a,0.2,0.4", "b,0.6,", "elsewhere,0.1,0.1")
    source = read(path).source
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (source.file, source.sha256, source.weight, source.rows) == ("teacher.csv", digest, 0.25, 2)


def test_held_out_findings_are_not_read(tmp_path):
    soft = read(table(tmp_path, "a,0.2,unreadable"), held_out={"effusion"})
    assert soft.columns == {"mass": 0}
    assert soft.mixed(STUDIES[:1], ("effusion",)).item() == 0  # the hard label


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["a,1.2,0"], "name,Mass,Effusion", r"row 2 hold cells that are no probability from 0 to 1"),
        (["a,0,0", "b,high,0"], "name,Mass,Effusion", r"row 3 hold cells that are no probability"),
        (["a,0,0", "a,1,0"], "name,Mass,Effusion", r"several rows name the same image, rows 2, 3"),
        (["a,0,0"], "name,Mass,Hernia", r"Hernia are no labels of the corpus\. Take these columns out"),
        (["a,0,0"], "name,Effusion,Pleural Effusion", r"two columns name the same finding"),
        (["x,0,0"], "name,Mass,Effusion", r"column 'name' names none of the 3 studies that are trained on"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, rows, header, message):
    with pytest.raises(CorpusError, match=message):
        read(table(tmp_path, *rows, header=header))


def test_a_column_that_is_no_finding_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Unknown finding 'Masss'. Did you mean 'mass'"):
        read(table(tmp_path, "a,0", header="name,Masss"))


@pytest.fixture
def soft_run(manifest, llava_dir, tmp_path):
    """A run with a warm-up whose first two images, both of train, have a probability of a mass."""
    path = table(tmp_path, "0.png,0.9", "1.png,0.7", "3.png,0.1", header="image,Mass")
    return run_config(
        manifest,
        llava_dir,
        tmp_path / "run",
        data={"soft_labels": str(path), "soft_weight": 0.5},
        warmup={"epochs": 1, "batch_size": 18},
        train={"max_steps": 1},
    )


def test_the_warm_up_alone_aims_at_the_mixture(soft_run, llava_dir):
    data, model = open_training_data(soft_run.data, soft_run.seed), tiny_model(llava_dir)
    batches = [next(iter(data.loader(model.processor, 18, ("mass",), soft=soft))) for soft in (True, False)]
    soft, hard = (sorted(batch.rows.labels[:, 0].tolist()) for batch in batches)
    assert hard == [0.0] * 12 + [1.0] * 6
    assert soft == pytest.approx([0.0] * 11 + [0.45, 0.85] + [1.0] * 5)
    task = TowerTask(model, 1).eval()
    logits = task.logits(batches[0].images.values)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, batches[0].rows.labels)
    torch.testing.assert_close(task(batches[0])["loss"], expected)


def test_provenance_records_them_and_later_stages_pass_them_on(soft_run, manifest, llava_dir, tmp_path):
    checkpoint = train(soft_run)
    recorded = json.loads((checkpoint / "provenance.json").read_text())["soft_labels"]
    assert (recorded["file"], recorded["weight"], recorded["rows"]) == ("teacher.csv", 0.5, 2)
    assert str(tmp_path) not in (checkpoint / "provenance.json").read_text()
    later = train(run_config(manifest, llava_dir, tmp_path / "later", start=str(checkpoint), train={"max_steps": 1}))
    assert json.loads((later / "provenance.json").read_text())["soft_labels"] == recorded
