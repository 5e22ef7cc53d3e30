"""What is known of a model about the images that it is scored on."""

from __future__ import annotations

from pathlib import Path

from eval_fakes import Brightness, make_anchors
from radz.data.corpora.manifest import Manifest
from radz.data.target import Target
from radz.eval.entry import Entry, EvaluationSet, OverlapCheck, describe
from radz.leakage.membership import pack_ids
from radz.provenance import Provenance
from radz.types import NORMAL


def opened(table: Path, split: str) -> EvaluationSet:
    return EvaluationSet.open(Target("manifest", table, split, {"unlisted": "absent"}))


def entry(trained_on: Provenance) -> Entry:
    return Entry("ours", Brightness(), make_anchors(["mass"]), trained_on)


def test_the_diseases_of_a_corpus_are_its_findings_without_normal(tmp_path):
    images = opened(Manifest.fake(tmp_path), "train")
    assert NORMAL in images.corpus.findings
    assert images.diseases == [finding for finding in images.corpus.findings if finding != NORMAL]


def test_images_of_the_training_corpus_are_compared_on_demand(tmp_path):
    trained, tested = Manifest.fake(tmp_path / "trained"), opened(Manifest.fake(tmp_path / "tested"), "test")
    records = Manifest(trained, split="train", unlisted="absent").records
    model = Provenance(corpus="other", split="train", trained_ids=pack_ids(records, "other"))
    assert describe(entry(model), tested, ["mass"]).overlap == ()
    check = OverlapCheck(trained_images=Target("manifest", trained, "test", {"unlisted": "absent"}))
    assert describe(entry(model), tested, ["mass"], check).overlap == (
        "1 of 1 studies look like an image in the training data",
    )


def test_provenance_names_the_target_and_the_policies_of_the_corpus(tmp_path):
    images = opened(Manifest.fake(tmp_path), "train")
    described = describe(entry(Provenance(corpus="other", split="train")), images, ["mass"])
    assert (described.model, described.corpus, described.split) == ("ours", "manifest", "train")
    assert described.options == {"unlisted": "absent"}
    assert described.policies["unlisted"] == "absent"
    assert len(described.split_hash) == 64
    assert described.exposure == {}, "nothing was recorded of the finding"
