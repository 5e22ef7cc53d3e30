"""Rates of metadata cells."""

from __future__ import annotations

import pytest

from eval_fakes import make_corpus
from radz import registry
from radz.errors import ConfigError, CorpusError, LeakageError


def metadata_only(*args, **options):
    return registry.load("baselines", "metadata_only")(*args, **options)


def test_rates_by_hand():
    records = make_corpus(40, "train").records
    model = metadata_only(records, keys=("source",), smoothing=2.0)
    ward = [s.labels["cardiomegaly"] == "present" for s in records if s.metadata["source"] == "ward"]
    every = [s.labels["cardiomegaly"] == "present" for s in records]
    overall = (sum(every) + 1) / (40 + 2)
    assert model.rate("cardiomegaly", ("ward",)) == pytest.approx((sum(ward) + 2 * overall) / (20 + 2))
    assert model.rate("cardiomegaly", ("nowhere",)) == pytest.approx(overall), "an unseen cell has the overall rate"
    assert model.rate("disease never labelled", ("ward",)) == 0.5


def test_uncertain_labels_do_not_count():
    records = make_corpus(40, "train").records
    known = [s for s in records if s.labels["effusion"] != "uncertain"]
    assert len(known) < 40
    rates = [metadata_only(r).rate("effusion", ("ward", "PA")) for r in (records, known)]
    assert rates[0] == rates[1]


def test_a_test_split_no_studies_and_no_smoothing_are_refused():
    with pytest.raises(LeakageError, match=r"a study of the test split.*split='train'"):
        metadata_only(make_corpus(4).records)
    with pytest.raises(CorpusError, match="needs labelled training studies, got none"):
        metadata_only([])
    with pytest.raises(ConfigError, match=r"smoothing above 0 for unseen metadata, got 0"):
        metadata_only(make_corpus(4, "train").records, smoothing=0)
