"""The contract of every corpus, found through the registry."""

from __future__ import annotations

import inspect
import pickle
import socket

import numpy as np
import pytest

from radz import registry
from radz.data.splits import SPLITS, check_patients
from radz.data.views.folds import open_corpus
from radz.errors import ConfigError, CorpusError, UnknownNameError
from radz.imaging.read import looks_inverted
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence, Study

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


@pytest.fixture(params=registry.names("corpora"))
def plugin(request, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a corpus must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return registry.load("corpora", request.param)


@pytest.fixture
def corpus(plugin, tmp_path):
    return plugin(plugin.fake(tmp_path))


def test_fake_holds_three_studies_one_a_split(plugin, tmp_path, corpus):
    assert len(corpus) == 3
    assert corpus.splits == SPLITS
    assert sorted(s.split for s in corpus.records) == sorted(SPLITS)
    for split in SPLITS:
        part = plugin(plugin.fake(tmp_path), split=split)
        assert [s.split for s in part.records] == [split]
        assert (part.splits, part.findings) == (corpus.splits, corpus.findings)


def test_says_what_it_is_where_to_obtain_it_and_under_which_terms(plugin):
    lines = (plugin.about.title, plugin.about.obtain, plugin.about.terms)
    assert all(line.strip() and "\n" not in line for line in lines)


def test_records_have_no_pixels_and_items_do(corpus):
    assert all(study.pixels is None for study in corpus.records)
    assert [s.study_id for s in corpus] == [s.study_id for s in corpus.records]
    assert [s.study_id for s in corpus[1:]] == [s.study_id for s in corpus.records[1:]]
    assert corpus[-1].study_id == corpus.records[-1].study_id
    with pytest.raises(IndexError):
        corpus[3]


def test_pixel_range_and_polarity(corpus):
    for study in corpus:
        assert study.pixels is not None
        assert study.pixels.dtype == np.float32
        assert study.pixels.ndim == 3
        assert study.pixels.shape[0] == 1
        assert 0 <= study.pixels.min() < study.pixels.max() <= 1
        assert not looks_inverted(study.pixels)
        assert looks_inverted(1 - study.pixels)


def test_label_alphabet(corpus):
    knowledge = KnowledgeBase.load()
    assert len(set(corpus.findings)) == len(corpus.findings)
    assert all(knowledge[concept].id == concept for concept in corpus.findings)
    for study in corpus.records:
        assert set(study.labels) <= set(corpus.findings)
        assert all(isinstance(presence, Presence) for presence in study.labels.values())
        ills = [c for c in study.labels if c != NORMAL and knowledge[c].kind != "device"]  # a normal image may show one
        others = [study.labels[concept] for concept in ills]
        assert study.presence(NORMAL) is not PRESENT or PRESENT not in others


def test_ids_are_unique_and_patients_disjoint(corpus):
    assert len({study.study_id for study in corpus.records}) == len(corpus)
    assert all(study.patient_id for study in corpus.records)
    check_patients(corpus.records, corpus.name)


def test_policies_are_named(corpus):
    assert all(isinstance(value, str) and value for value in corpus.policies.values())


def test_metadata_is_text(corpus):
    assert all(isinstance(v, str) and v for study in corpus.records for v in study.metadata.values())


def test_picklable(corpus):
    again = pickle.loads(pickle.dumps(corpus))  # noqa: S301  our own bytes
    assert again.records == corpus.records
    np.testing.assert_array_equal(again[0].pixels, corpus[0].pixels)


def test_unknown_split_and_missing_root(plugin, tmp_path):
    with pytest.raises(UnknownNameError, match=r"split.*'vali'.*Did you mean 'val'.*Known: test, train, val"):
        plugin(plugin.fake(tmp_path), split="vali")
    with pytest.raises(CorpusError, match=r"nowhere"):
        plugin(tmp_path / "nowhere")


def test_unknown_option_and_value_of_the_wrong_type(plugin, tmp_path):
    root = plugin.fake(tmp_path)
    with pytest.raises(UnknownNameError, match=rf"Unknown option of {plugin.name} 'nonsense'\. Known: \w+"):
        plugin(root, nonsense=1)
    with pytest.raises(UnknownNameError, match=rf"Unknown option of {plugin.name} 'root'"):
        open_corpus(plugin.name, root, None, {"root": "elsewhere"})
    for option in inspect.signature(plugin).parameters.keys() - {"root", "split"}:
        with pytest.raises(ConfigError, match=rf"{plugin.name}: the option {option} is <object object"):
            open_corpus(plugin.name, root, None, {option: object()})


def study(study_id, patient, split):
    return Study(study_id, patient, split=split)
