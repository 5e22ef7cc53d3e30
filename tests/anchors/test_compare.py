"""Two directories of anchors: additions, removals, changes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from anchor_fakes import CONCEPTS, MODEL
from radz.anchors import compare_directories, save_anchors
from radz.cli import app


def command(*arguments):
    return CliRunner().invoke(app, ["anchors", *map(str, arguments)], env={"COLUMNS": "200"})


def rewritten(saved, tmp_path, **changes):
    """The saved directory again with other ``positive``, ``texts``, ``concepts``, ``strategy`` or ``model``."""
    _, anchors = saved
    model, concepts = changes.pop("model", MODEL), changes.pop("concepts", CONCEPTS)
    save_anchors(replace(anchors, **changes), concepts, model, tmp_path / "new")
    return tmp_path / "new"


def test_a_directory_differs_from_itself_in_nothing(saved):
    difference = compare_directories(saved[0], saved[0])
    assert (difference.added, difference.removed, difference.changed, difference.unchanged) == ((), (), (), 2)
    assert (difference.strategies, difference.model, difference.comparable) == (("rules", "rules"), {}, True)


def test_what_changed_is_said_with_how_far_the_vector_moved(saved, tmp_path):
    turned = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    sourced = [CONCEPTS[0], CONCEPTS[1].model_copy(update={"source": "a book, p. 1", "kind": "device"})]
    new = rewritten(saved, tmp_path, positive=turned, texts=(("a", "d"), ("c",)), concepts=sourced, strategy="hybrid")
    difference = compare_directories(saved[0], new)
    mass, effusion = difference.changed
    assert (mass.concept, mass.fields) == ("mass", {"texts": (["a", "b"], ["a", "d"])})
    assert mass.cosine == pytest.approx(0.6)
    assert effusion.fields == {"kind": ("finding", "device"), "source": (CONCEPTS[1].source, "a book, p. 1")}
    assert effusion.cosine == pytest.approx(1.0)
    assert difference.strategies == ("rules", "hybrid")
    printed = command("diff", saved[0], new).stdout
    assert "0 added, 0 removed, 2 changed, 0 unchanged" in printed
    assert "another strategy: rules -> hybrid" in printed
    assert "texts + d" in printed


def test_what_came_and_went(saved, tmp_path):
    _, anchors = saved
    negative = None if anchors.negative is None else anchors.negative[1:]
    rows = {"positive": anchors.positive[1:], "negative": negative, "texts": anchors.texts[1:]}
    alone = replace(anchors, concepts=("effusion",), **rows, names=anchors.names[1:], denials=anchors.denials[1:])
    save_anchors(alone, CONCEPTS[1:], MODEL, tmp_path / "new")
    assert compare_directories(saved[0], tmp_path / "new").removed == ("mass",)
    document = json.loads(command("diff", tmp_path / "new", saved[0], "--format", "json").stdout)
    assert (document["added"], document["changed"], document["unchanged"]) == (["mass"], [], 1)


def test_vectors_of_two_models_are_not_compared(saved, tmp_path):
    new = rewritten(saved, tmp_path, model={"fingerprint": "xyz"}, texts=(("a",), ("c",)))
    difference = compare_directories(saved[0], new)
    assert difference.model == {"fingerprint": ("abc", "xyz")}
    assert [(change.concept, change.cosine) for change in difference.changed] == [("mass", None)]
    printed = command("diff", saved[0], new).stdout
    assert "another model, fingerprint: abc -> xyz" in printed
    assert "no cosines: vectors of two models" in printed
