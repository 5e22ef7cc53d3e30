"""``radz.compare``: several models on identical studies, as a typed result."""

from __future__ import annotations

import json

import pytest

import radz
from radz.errors import ConfigError

OPTIONS = {"unlisted": "absent"}


@pytest.fixture(scope="module")
def result(tiny_checkpoint, labelled_images):
    return radz.compare(
        [radz.load(tiny_checkpoint), "chance"], corpus="manifest", root=labelled_images, options=OPTIONS, draws=20,
        calls=2,
    )  # fmt: skip


def test_models_are_compared_on_the_same_studies(result):
    assert [row.name for row in result.rows] == ["radz", "chance", "metadata_only", "any_finding"]
    assert {row.evaluation.studies for row in result.rows} == {24}
    assert result.rows[0].comparison is None
    assert result.rows[1].comparison is not None
    assert repr(result).startswith("<ComparisonResult: 24 studies of 24 patients from manifest test; radz ")


def test_costs_and_qualities_are_in_the_frame_and_the_json(result):
    assert [cost.model for cost in result.costs] == ["radz", "chance", "metadata_only"]
    assert result.costs[0].parameters > result.costs[1].parameters == 0
    assert set(result.to_frame()["model"]) == {"radz", "chance", "metadata_only", "any_finding"}
    models = json.loads(result.to_json())["models"]
    assert [model["cost"] and model["cost"]["model"] for model in models] == ["radz", "chance", "metadata_only", None]
    assert {model["scores"] for model in models} == {None}, "nothing was written"


def test_a_checkpoint_by_its_directory_scores_the_same(result, tiny_checkpoint, labelled_images, tmp_path):
    by_path = radz.compare(
        [f"{tiny_checkpoint},as=ours"], corpus="manifest", root=labelled_images, options=OPTIONS, draws=20, cost=False,
        out=tmp_path,
    )  # fmt: skip
    assert by_path.rows[0].name == "ours"
    assert by_path.rows[0].evaluation.macro == result.rows[0].evaluation.macro
    assert by_path.files["ours"].name.startswith("scores-ours-")


def test_vectors_are_no_words_for_a_baseline(labelled_images):
    with pytest.raises(ConfigError, match="hybrid are vectors and no sentences"):
        radz.compare(["chance"], corpus="manifest", root=labelled_images, options=OPTIONS, prompts="hybrid")
