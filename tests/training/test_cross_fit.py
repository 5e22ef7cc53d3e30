"""Cross-fitting: no image's states come from a tower that saw it or its patient."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from radz.errors import CheckpointError, ConfigError
from radz.training import data as training_data
from radz.training import tower_warmup
from radz.training.cross_fit import cross_fitted_states, deal, warm_up_folds
from radz.training.data import open_training_data
from radz.training.train import train
from radz.types import Study
from tiny import tiny_model
from training_runs import OPTIONS, run_config, weights

WARMUP = {"epochs": 1, "batch_size": 6}
CROSS_FIT = {
    "data": {"options": OPTIONS, "cached_views": 2},
    "warmup": WARMUP,
    "train": {"cross_fit": 3, "max_steps": 1},
}


@pytest.fixture
def two_each(manifest, tmp_path):
    """The images of the training split, of nine patients with two images each."""
    lines = manifest.read_text().splitlines()
    rows = [line.split(",") for line in lines[1:] if ",train," in line]
    table = [",".join([*row[:3], f"p{i // 2}", *row[4:]]) for i, row in enumerate(rows)]
    path = manifest.parent / "two_each.csv"
    path.write_text("\n".join([lines[0], *table]) + "\n", encoding="utf-8")
    return path


def data_of(manifest, llava_dir, output, **changes):
    run = run_config(manifest, llava_dir, output, **CROSS_FIT, **changes)
    return run, open_training_data(run.data, run.seed)


def test_every_image_is_left_out_once_with_all_of_its_patient(two_each, llava_dir, tmp_path):
    _, data = data_of(two_each, llava_dir, tmp_path)
    parts = deal(data, 3)
    assert sorted(row for part in parts for row in part.left_out) == list(range(18))
    for part in parts:
        assert sorted([*part.trained, *part.left_out]) == list(range(18))
        patients = [{data.records[row].patient_id for row in rows} for rows in (part.trained, part.left_out)]
        assert not patients[0] & patients[1]
    assert deal(data, 3) == parts
    assert deal(replace(data, seed=1), 3) != parts


def test_more_folds_than_patients_are_refused(two_each, llava_dir, tmp_path):
    _, data = data_of(two_each, llava_dir, tmp_path)
    with pytest.raises(ConfigError, match=r"train\.cross_fit is 10, but the training split has 9 patients: lower it"):
        deal(data, 10)


def mark_of(model) -> float:
    """The first number of the tower, by which the tests below know it."""
    return float(next(model.tower.parameters()).detach().flatten()[0])


@pytest.fixture
def watched(monkeypatch):
    """(patients that each tower was fitted to, patients whose states each tower gave), by the towers' marks."""
    fitted: dict[float, set[str]] = {}
    states: list[tuple[float, set[str]]] = []
    compute = training_data.cache_tower

    def mark(task, loader, *_, **__):
        with torch.no_grad():
            next(task.tower.parameters()).flatten()[0] = 10.0 + len(fitted)
        fitted[mark_of(task.radz)] = {study.patient_id for study in loader.dataset.records}

    def watch(model, corpus, *settings, **more):
        states.append((mark_of(model), {study.patient_id for study in corpus.records}))
        return compute(model, corpus, *settings, **more)

    monkeypatch.setattr(tower_warmup, "fit", mark)
    monkeypatch.setattr(training_data, "cache_tower", watch)
    return fitted, states


def test_no_state_comes_from_a_tower_that_saw_the_patient(two_each, llava_dir, tmp_path, watched):
    fitted, states = watched
    checkpoint = train(run_config(two_each, llava_dir, tmp_path, **CROSS_FIT))
    everyone = {f"p{i}" for i in range(9)}
    assert len(fitted) == 4
    assert set().union(*(patients for _, patients in states)) == everyone
    assert len(states) == 3
    for tower, patients in states:
        assert not patients & fitted[tower]
        assert patients | fitted[tower] == everyone
    shipped = [tensor for name, tensor in weights(checkpoint).items() if name.startswith("tower.")]
    (last,) = (tower for tower, patients in fitted.items() if patients == everyone)
    assert any((tensor == last).any() for tensor in shipped), "the checkpoint has the tower that saw all images"


def test_states_are_those_of_each_folds_tower_and_the_models_own_tower_comes_back(manifest, llava_dir, tmp_path):
    run, data = data_of(manifest, llava_dir, tmp_path)
    model = tiny_model(llava_dir)
    before = {name: tensor.clone() for name, tensor in model.tower.state_dict().items()}
    warm_up_folds(model, data, run.warmup, run.train, count=3, folder=tmp_path / "folds")
    cache = cross_fitted_states(model, data, count=3, folder=tmp_path / "folds")
    assert all(torch.equal(before[name], tensor) for name, tensor in model.tower.state_dict().items())
    assert cache.states.shape[:2] == (18, 2)
    for number, part in enumerate(deal(data, 3), 1):
        model.tower.load_state_dict(load_file(tmp_path / "folds" / f"{number}.safetensors"))
        model.eval()
        images = [data.corpus[row].pixels for row in part.left_out]
        with torch.inference_mode():
            expected = model.tower_states(model.processor.pixel_values(images))
        np.testing.assert_allclose(cache.states[list(part.left_out), 0].float(), expected, atol=4e-3)  # float16


def test_fold_towers_are_made_once_and_a_later_run_takes_those_of_its_start(manifest, llava_dir, tmp_path):
    first = run_config(manifest, llava_dir, tmp_path / "first", **CROSS_FIT)
    checkpoint = train(first)
    towers = [tmp_path / "first" / "folds" / f"{number}.safetensors" for number in (1, 2, 3)]
    stamps = [tower.stat().st_mtime_ns for tower in towers]
    train(first)
    assert [tower.stat().st_mtime_ns for tower in towers] == stamps
    recorded = json.loads((checkpoint / "provenance.json").read_text())
    assert recorded["cross_fit"] == 3
    later = {"data": CROSS_FIT["data"], "train": CROSS_FIT["train"], "start": str(checkpoint)}
    train(run_config(manifest, llava_dir, tmp_path / "later", **later))
    towers[1].unlink()
    with pytest.raises(CheckpointError, match=r"2\.safetensors is missing, damaged, or was warmed up on other images"):
        train(run_config(manifest, llava_dir, tmp_path / "again", **later))
    with pytest.raises(CheckpointError, match=r"1\.safetensors is missing, damaged, or was warmed up on other images"):
        train(run_config(manifest, llava_dir, tmp_path / "other", **later, seed=1))


def test_a_study_belongs_to_the_rows_of_a_subset(manifest, llava_dir, tmp_path):
    _, data = data_of(manifest, llava_dir, tmp_path)
    part = data.subset([4, 2])
    assert [study.study_id for study in part.records] == [data.records[4].study_id, data.records[2].study_id]
    assert isinstance(part.corpus[0], Study)
    assert np.array_equal(part.corpus[0].pixels, data.corpus[4].pixels)
