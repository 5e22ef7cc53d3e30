"""``radz.evaluate``: what the command does, as a function that returns a typed result."""

from __future__ import annotations

import json

import pytest

import radz
from radz.errors import ConfigError, LeakageError
from radz.experiments.evaluate import split_prompts

OPTIONS = {"unlisted": "absent"}


@pytest.fixture(scope="module")
def result(tiny_checkpoint, labelled_images):
    return radz.evaluate(
        tiny_checkpoint, corpus="manifest", root=labelled_images, options=OPTIONS, draws=20, findings=["mass"]
    )


def test_the_result_can_be_read_at_a_glance(result):
    assert repr(result).startswith("<EvaluationResult: 24 studies of 24 patients from manifest test; radz 1.000 [")
    assert "1 finding, all unseen: a zero-shot result" in repr(result)
    assert result.unreadable == {}
    assert [row.name for row in result.rows] == ["radz", "metadata_only", "any_finding", "supervised"]
    assert "holds no head" in result.rows[3].note


def test_it_becomes_a_frame_and_json(result):
    frame = result.to_frame()
    assert frame[["model", "finding", "positives", "negatives"]].to_numpy().tolist() == [
        ["radz", "mass", 12, 12],
        ["metadata_only", "mass", 12, 12],
        ["any_finding", "mass", 12, 12],
    ]
    row = frame.iloc[0]
    assert row["auroc_within_low"] <= row["auroc_within"] <= row["auroc_within_high"]
    assert row["exposure"] == "unseen"
    document = json.loads(result.to_json())
    assert document["evaluation"]["findings"][0]["auroc_within"]["value"] == pytest.approx(row["auroc_within"])


def test_nothing_is_written_unless_a_place_is_named(result, tiny_checkpoint, labelled_images, tmp_path):
    assert result.files == {}
    again = radz.evaluate(
        tiny_checkpoint, corpus="manifest", root=labelled_images, options=["unlisted=absent"], draws=20,
        findings=["mass"], out=tmp_path / "scores.parquet",
    )  # fmt: skip
    assert again.files["radz"] == tmp_path / "scores.parquet"
    from_files = radz.evaluate(scores=[again.files["radz"], again.files["metadata_only"]], draws=20)
    assert from_files.evaluation.macro == again.evaluation.macro == result.evaluation.macro
    (page,) = from_files.write_report([tmp_path / "page.md"])
    assert "mass" in page.read_text()


def test_an_open_corpus_and_a_loaded_model_are_taken_as_they_are(result, tiny_checkpoint, labelled_images):
    corpus = radz.corpora.Manifest(labelled_images, split="test", **OPTIONS)
    same = radz.evaluate(radz.load(tiny_checkpoint), corpus=corpus, findings=["mass"], draws=20)
    assert same.evaluation.macro == result.evaluation.macro
    assert same.rows[0].evaluation.provenance.split == "test"


def test_a_claim_is_checked(tiny_checkpoint, labelled_images):
    where = {"corpus": "manifest", "root": labelled_images, "options": OPTIONS, "draws": 5}
    claimed = radz.evaluate(tiny_checkpoint, **where, findings=["mass"], zero_shot=True)
    assert claimed.evaluation.provenance.claim == "zero-shot"
    silent = radz.load(tiny_checkpoint)
    silent.provenance = silent.provenance.model_copy(update={"trained_ids": ""})
    with pytest.raises(LeakageError, match="images were not compared"):
        radz.evaluate(silent, **where, findings=["mass"], zero_shot=True)


def test_nothing_to_evaluate_is_an_error():
    with pytest.raises(ConfigError, match="Nothing to evaluate: give --corpus NAME and --root FOLDER"):
        radz.evaluate()


def test_one_wording_is_evaluated_and_several_are_for_robustness():
    assert split_prompts(None, "rules") == (None, ())
    one, none = split_prompts("default", None)
    assert one is not None
    assert none == ()
    first, several = split_prompts("paraphrases", None)
    assert first is None
    assert len(several) == 9
    with pytest.raises(ConfigError, match="--prompts default and --anchors rules"):
        split_prompts("default", "rules")
