"""The concepts nearest to another in a model's anchor space."""

from __future__ import annotations

import pytest
import torch

import radz
from anchor_fakes import save_two
from radz.errors import AnchorError
from radz.model.checkpoint import save_checkpoint
from radz.provenance import Provenance
from radz.serve.nearest_concepts import nearest_concepts
from tiny import tiny_model


@pytest.fixture(scope="module")
def checkpoint(llava_dir, tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    save_checkpoint(
        tiny_model(llava_dir), directory, Provenance(corpus="chestxray14", split="train", supervised={"mass": 1})
    )
    return directory


def test_the_nearest_are_those_of_the_greatest_cosine(checkpoint):
    predictor = radz.load(checkpoint)
    nearest = nearest_concepts(predictor, "mass", top=3)
    every = predictor.anchors(["all"])
    cosines = torch.cosine_similarity(predictor.anchors(["mass"]).positive, every.positive)
    expected = [(every.concepts[i], cosines[i].item()) for i in cosines.argsort(descending=True).tolist()]
    (itself, one), *others = expected
    assert (itself, one) == ("mass", pytest.approx(1.0))
    assert (nearest.concept, nearest.strategy) == ("mass", "names")
    assert [n.concept for n in nearest.neighbours] == [name for name, _ in others[:3]]
    assert [n.cosine for n in nearest.neighbours] == pytest.approx([cosine for _, cosine in others[:3]], abs=1e-5)


def test_a_text_is_read_as_it_is_and_searched_in_a_directory(checkpoint, tmp_path):
    predictor = radz.load(checkpoint)
    predictor.save_anchors(tmp_path / "a", ["mass", "pneumonia", "x: a ring, as in a mass"])
    nearest = nearest_concepts(radz.load(checkpoint), "There is x.", tmp_path / "a")
    assert nearest.concept is None
    assert len(nearest.neighbours) == 3
    assert (nearest.neighbours[0].concept, nearest.neighbours[0].cosine) == ("x", pytest.approx(1.0))
    assert {n.concept: n.exposure.value for n in nearest.neighbours}["x"] == "related"


def test_anchors_of_another_model_are_not_searched(checkpoint, tmp_path):
    save_two(tmp_path / "a", denials=False)
    with pytest.raises(AnchorError, match="build them with this one"):
        nearest_concepts(radz.load(checkpoint), "mass", tmp_path / "a")
