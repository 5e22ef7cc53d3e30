"""Images and models as several use cases are given them."""

from __future__ import annotations

import pytest

import radz
from radz.errors import ConfigError
from radz.experiments.inputs import load_model, open_images


def test_a_corpus_is_opened_by_name_or_taken_open(labelled_images):
    named = open_images("manifest", labelled_images, "val", ["unlisted=absent"])
    assert (named.target.split, len(named.corpus)) == ("val", 24)
    by_mapping = open_images("manifest", labelled_images, "val", {"unlisted": "absent"})
    assert by_mapping.target == named.target
    corpus = radz.corpora.Manifest(labelled_images, split="val", unlisted="absent")
    taken = open_images(corpus, None, "test")
    assert taken.corpus is corpus
    assert (taken.target.corpus, taken.target.split) == ("manifest", "val"), "the studies say their split"


def test_a_fold_is_dealt(labelled_images):
    folds = [open_images("manifest", labelled_images, "val", ["unlisted=absent"], f"{k}/3") for k in (1, 2, 3)]
    ids = [{record.study_id for record in fold.corpus.records} for fold in folds]
    assert sum(map(len, ids)) == len(set.union(*ids)) == 72


def test_nothing_named_is_an_error():
    with pytest.raises(ConfigError, match="Nothing to evaluate"):
        open_images("manifest", None, "test")


def test_a_predictor_is_taken_as_it_is(tiny_checkpoint):
    predictor = load_model(tiny_checkpoint)
    assert load_model(predictor) is predictor
