"""Shortcut controls on models of which one knows what they look at."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eval_fakes import FINDINGS, make_corpus, make_study, score_corpus
from radz.errors import ScoresError
from radz.eval.controls import assess_negation, image_controls, predict_metadata
from radz.eval.permuted_images import PermutedImages, image_donors
from radz.types import Anchors, Presence, Scores

ANCHORS = Anchors(FINDINGS, torch.zeros(3, 1), None, (("",),) * 3, "names")


class Reading:
    """Scores are ``read(study)``, (C,)."""

    name = "reading"

    def __init__(self, read):
        self.read = read

    def score(self, studies, anchors):
        values = np.array([self.read(s) for s in studies], dtype=np.float32).reshape(len(studies), len(anchors))
        return Scores(tuple(s.study_id for s in studies), anchors.concepts, values)


def telling_corpus(count=160):
    """Films whose first pixels are their labels and whose last pixel is their source."""
    corpus = make_corpus(count)
    for study in corpus.studies:
        study.pixels[0, 0, :3] = [study.presence(f) is Presence.PRESENT for f in FINDINGS]
        study.pixels[0, 7, 7] = study.metadata["source"] == "ward"
    return corpus


def sees_findings(study):
    return study.pixels[0, 0, :3]


def sees_the_source(study):
    return np.repeat(study.pixels[0, 7, 7], 3)


def controls_of(read, corpus):
    rows = range(len(corpus))
    tables = {
        name: score_corpus(Reading(read), PermutedImages(corpus, rows, donors), ANCHORS, strata=("source",))
        for name, donors in image_donors(corpus.records, ("source",)).items()
    }
    return {control.name: control for control in image_controls(tables, draws=60)}


def test_a_model_that_sees_findings_knows_nothing_without_the_film():
    controls = controls_of(sees_findings, telling_corpus())
    blank = controls["blank"].macro.auroc_within
    assert (blank.value, blank.interval.low, blank.interval.high) == (0.5, 0.5, 0.5)
    assert all(control.passed for control in controls.values())


def test_a_model_that_sees_the_source_keeps_its_pooled_auroc_within_the_stratum():
    controls = controls_of(sees_the_source, telling_corpus())
    assert controls["shuffled in stratum"].macro.auroc_within.value == 0.5
    assert controls["shuffled in stratum"].macro.auroc_pooled.value > 0.6, "findings depend on the source here"
    pooled = controls["shuffled"].macro.auroc_pooled.interval
    assert pooled.low < 0.5 < pooled.high


def test_a_model_that_reads_the_study_and_not_the_film_is_caught():
    corpus = make_corpus(120)
    labels = {s.study_id: [s.presence(f) is Presence.PRESENT for f in FINDINGS] for s in corpus.studies}
    controls = controls_of(lambda study: labels[study.study_id], corpus)
    assert not any(control.passed for control in controls.values())


def test_negation_holds_where_the_denial_falls_as_the_statement_rises():
    corpus = telling_corpus()
    up = score_corpus(Reading(sees_findings), corpus, ANCHORS)
    falls = assess_negation(up, score_corpus(Reading(lambda s: -2 * sees_findings(s)), corpus, ANCHORS), draws=30)
    assert [(f.positive, f.negative, f.pair) for f in falls.findings] == [(1, 0, 1)] * 3
    assert falls.findings[0].correlation == pytest.approx(-1)
    assert (falls.positive.value, falls.negative.value, falls.pair.value) == (1, 0, 1)
    rises = assess_negation(up, score_corpus(Reading(lambda s: 2 * sees_findings(s)), corpus, ANCHORS), draws=30)
    assert (rises.negative.value, rises.pair.value, rises.correlation) == (1, 0, pytest.approx(1))
    constant = assess_negation(up, score_corpus(Reading(lambda s: np.zeros(3)), corpus, ANCHORS), draws=5)
    assert np.isnan(constant.correlation)
    with pytest.raises(ScoresError, match="score them together"):
        assess_negation(up, score_corpus(Reading(sees_findings), telling_corpus(20), ANCHORS))


def test_the_source_is_found_in_features_that_hold_it_and_the_view_is_not():
    records = [make_study(i) for i in range(200)]
    rng = np.random.default_rng(0)
    held = {s.study_id: np.array([s.metadata["source"] == "ward", *rng.normal(size=3)]) for s in records}
    probes = {p.key: p for p in predict_metadata(held, records, ("source", "view", "nothing"), draws=50, seed=0)}
    assert set(probes) == {"source", "view"}, "a key with one value tells nothing apart"
    assert probes["source"].auroc.value == 1
    assert probes["view"].auroc.interval.low < 0.5 < probes["view"].auroc.interval.high
    assert predict_metadata(held, records[:6], ("source",), draws=5, seed=0) == [], "too few patients"
