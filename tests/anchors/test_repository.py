"""Anchors on disk: the same values back, or a typed refusal; the predictor's cache on top of it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import count

import pytest
import torch

from anchor_fakes import CONCEPTS, MODEL, save_two
from damage import flip_last_bit
from kills import run_killed
from radz.anchors import load_anchors, read_record, save_anchors
from radz.anchors._repository import RECORD, TENSORS
from radz.errors import AnchorError


def test_the_same_comes_back_with_where_it_is_from(saved):
    directory, anchors = saved
    loaded = load_anchors(directory, MODEL)
    assert (loaded.concepts, loaded.texts, loaded.strategy) == (anchors.concepts, anchors.texts, "rules")
    assert (loaded.names, loaded.denials) == (anchors.names, anchors.denials)
    assert torch.equal(loaded.positive, torch.eye(2))
    assert (loaded.negative is None) == (anchors.negative is None)
    assert loaded.negative is None or torch.equal(loaded.negative, -torch.eye(2))
    entry = read_record(directory)["concepts"][0]
    assert (entry["name"], entry["sha256"]) == (CONCEPTS[0].name, CONCEPTS[0].sha256)
    assert (entry["source"], entry["parents"]) == (CONCEPTS[0].source, list(CONCEPTS[0].parents))
    assert sorted(path.name for path in directory.parent.iterdir()) == ["anchors"]


def rename(path):
    record = json.loads(path.read_text())
    record["strategy"] = "names"
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: flip_last_bit(d / TENSORS), r"anchors\.safetensors is damaged: .* Delete it and build it again"),
        (lambda d: rename(d / RECORD), r"anchors\.json is damaged: its content does not match its hash"),
        (lambda d: (d / RECORD).write_text("{"), r"anchors\.json is damaged: not a record"),
        (lambda d: (d / RECORD).write_text("[]"), r"anchors\.json is damaged: not a record"),
        (lambda d: (d / RECORD).unlink(), r"has no anchors\.json; it takes anchors\.json and anchors\.safetensors"),
        (lambda d: (d / TENSORS).unlink(), r"has no anchors\.safetensors; it takes"),
    ],
)
def test_damage_and_half_a_directory_are_refused(saved, damage, message):
    damage(saved[0])
    with pytest.raises(AnchorError, match=message):
        load_anchors(saved[0], MODEL)


def test_anchors_of_another_model_are_refused(saved):
    with pytest.raises(AnchorError, match=r"of the model .*abc.*, but .*xyz.* asks\. .* build them with this one"):
        load_anchors(saved[0], {"fingerprint": "xyz"})


def test_a_directory_of_something_else_is_left_alone(saved):
    directory, anchors = saved
    save_anchors(anchors, CONCEPTS, MODEL, directory)
    (directory / "thesis.tex").write_text("years of work")
    with pytest.raises(AnchorError, match=r"is not a directory of anchors alone .*Choose another one"):
        save_anchors(anchors, CONCEPTS, MODEL, directory)
    assert (directory / "thesis.tex").read_text() == "years of work"


def test_a_kill_while_anchors_are_replaced_loses_neither(tmp_path):
    directory = tmp_path / "anchors"
    old = save_two(directory, denials=False)
    new = replace(old, positive=-old.positive)
    for change in count(1):
        killed = run_killed(lambda: save_anchors(new, CONCEPTS, MODEL, directory), tmp_path, change)
        loaded = load_anchors(directory, MODEL).positive
        assert torch.equal(loaded, old.positive) or torch.equal(loaded, new.positive)
        if not killed:
            break
    assert change > 5
    assert torch.equal(loaded, new.positive)


def test_what_killed_processes_left_is_removed_once_it_is_old(tmp_path):
    old, young = (tmp_path / f".anchors-{age}.unfinished" for age in ("old", "young"))
    for leftover in (old, young):
        leftover.mkdir()
    os.utime(old, (0, 0))
    save_two(tmp_path / "anchors", denials=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, "anchors"]
