"""Which studies of which corpus, named in text and opened."""

from __future__ import annotations

import pytest

from radz.data.corpora.rsna import Rsna
from radz.data.target import Target
from radz.data.views.folds import Fold
from radz.errors import ConfigError, UnknownNameError


@pytest.fixture
def root(tmp_path):
    return Rsna.fake(tmp_path)


def test_text_becomes_options_and_a_fold(root):
    target = Target.parse("manifest", root, "val", ["where.view=PA", "a=1"], "1/3@7")
    assert target == Target("manifest", root, "val", {"where": {"view": "PA"}, "a": 1}, Fold(1, 3, 7))


def test_text_that_cannot_be_read_is_refused(root):
    with pytest.raises(ConfigError, match="written key=value, got 'view'"):
        Target.parse("rsna", root, options=["view"])
    with pytest.raises(ConfigError, match="A fold is written k/n"):
        Target.parse("rsna", root, fold="4/3")


def test_opens_its_split_or_another_with_the_same_options(root):
    target = Target("rsna", root, "val", {"missing": "later"})
    for corpus, split in ((target.open(), "val"), (target.open("train"), "train")):
        assert [study.split for study in corpus.records] == [split]
        assert corpus.policies["missing"] == "later"


def test_a_fold_holds_for_train_and_val_and_leaves_test_alone(root):
    whole = {split: Target("rsna", root, split).open().records for split in ("train", "val", "test")}
    first, second = (Target.parse("rsna", root, "val", fold=f"{k}/2") for k in (1, 2))
    ids = [study.study_id for target in (first, second) for study in target.open().records]
    assert sorted(ids) == sorted(study.study_id for split in ("train", "val") for study in whole[split])
    assert first.open("test").records == whole["test"]


def test_an_unknown_corpus_is_named(root):
    with pytest.raises(UnknownNameError, match="Unknown corpora plug-in 'rsnaa'"):
        Target("rsnaa", root).open()
