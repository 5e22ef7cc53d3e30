"""A predictor keeps the anchors that it anchors."""

from __future__ import annotations

import pytest
import torch

import radz
from damage import flip_last_bit
from radz.anchors import read_record
from radz.anchors._repository import TENSORS
from radz.model.checkpoint import save_checkpoint
from radz.provenance import Provenance
from radz.serve import predictor as serve
from tiny import tiny_model


@pytest.fixture(scope="module")
def checkpoint(llava_dir, tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    save_checkpoint(
        tiny_model(llava_dir), directory, Provenance(corpus="chestxray14", split="train", supervised={"mass": 1})
    )
    return directory


def opened(checkpoint):
    """A fresh predictor, and the list of what it encodes."""
    predictor, encoded = radz.load(checkpoint), []
    encode = predictor.model.encode_text
    predictor.model.encode_text = lambda texts: encoded.append(len(texts)) or encode(texts)
    return predictor, encoded


def entry():
    (directory,) = (serve.cache_root() / "anchors").iterdir()
    return directory


def test_a_second_predictor_encodes_nothing_and_has_the_same_anchors(checkpoint):
    (first, encoded), (second, again) = opened(checkpoint), opened(checkpoint)
    anchors, read = first.anchors(["mass"]), second.anchors(["mass"])
    assert (encoded, again) == ([2], [])  # one statement and its denial
    assert torch.equal(anchors.positive, read.positive)
    assert torch.equal(anchors.negative, read.negative)
    assert anchors.texts == read.texts
    second.anchors(["mass"], "rules")
    second.anchors(["effusion"])
    assert len(again) == 2


def test_a_damaged_entry_is_made_again(checkpoint):
    anchors = opened(checkpoint)[0].anchors(["mass"])
    flip_last_bit(entry() / TENSORS)
    predictor, encoded = opened(checkpoint)
    assert torch.equal(predictor.anchors(["mass"]).positive, anchors.positive)
    assert encoded == [2]
    assert opened(checkpoint)[0].anchors(["mass"]).texts == anchors.texts
    read_record(entry())


def test_a_cache_that_cannot_be_written_costs_time_only(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(serve, "cache_root", lambda: tmp_path / "file")
    assert opened(checkpoint)[0].anchors(["mass"]).concepts == ("mass",)
