"""Other wordings and shortcut controls, from the features that the main run kept or by scoring again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from eval_fakes import FINDINGS, make_corpus
from radz.anchors import load_prompts
from radz.data.target import Target
from radz.errors import ConfigError, ScoresError
from radz.eval.entry import Entry, EvaluationSet
from radz.eval.robustness import Checks, ScoredEntry, partition, score_controls, score_prompts, sides
from radz.eval.scoring import score
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import ScoresProvenance
from radz.types import Anchors, ImageFeatures, Scores

KNOWLEDGE = KnowledgeBase.load()


def encode_text(texts):
    """Unit vectors (N, 4) that differ by text."""
    rows = [torch.randn(4, generator=torch.manual_seed(sum(map(ord, text)))) for text in texts]
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


class Linear:
    """Scores are inner products of anchors with the image's first four pixels; counts its images."""

    name = "linear"

    def __init__(self):
        self.images = 0

    def _rows(self, studies):
        self.images += len(studies)
        return torch.tensor(np.stack([s.pixels.ravel()[:4] for s in studies]))

    def _compare(self, ids, rows, anchors):
        sides = anchors.positive if anchors.negative is None else anchors.positive - anchors.negative
        return Scores(ids, anchors.concepts, (rows @ sides.T).numpy())

    def score(self, studies, anchors):
        return self._compare(tuple(s.study_id for s in studies), self._rows(studies), anchors)


class TwoStepLinear(Linear):
    """The same, in two steps."""

    def encode(self, studies):
        return ImageFeatures(tuple(s.study_id for s in studies), self._rows(studies))

    def similarity(self, features, anchors):
        return self._compare(features.study_ids, features.embedding, anchors)


def wordings() -> dict:
    pairs = load_prompts("paraphrases")
    return {pair: pair.anchors([KNOWLEDGE[f] for f in FINDINGS], encode_text) for pair in pairs}


def scored(model, anchors: Anchors, count=40) -> ScoredEntry:
    corpus = make_corpus(count, unreadable=["test-003"])
    entry = Entry(model.name, model, anchors)
    result = score([entry], EvaluationSet(Target("fake", "", "test"), corpus), keep_features=True, batch_size=8)
    return ScoredEntry.of(result, entry, corpus, batch_size=8)


@pytest.mark.parametrize(("kind", "passes"), [(Linear, 1 + 9), (TwoStepLinear, 1)])
def test_wordings_are_scored_on_the_same_images_each_under_its_own_anchors(kind, passes):
    sets, model = wordings(), kind()
    first = next(iter(sets.values()))
    tables = score_prompts(sets, scored(model, first))
    assert model.images == 39 * passes
    for pair, anchors in sets.items():
        alone = scored(Linear(), anchors).main
        np.testing.assert_allclose(tables[pair.name].rows["score"], alone.rows["score"], atol=1e-6)
        assert tables[pair.name].provenance.prompts == f"{pair.name} {pair.sha256}"


def test_controls_are_the_same_from_features_and_by_scoring_again():
    anchors = next(iter(wordings().values()))
    again, kept = (score_controls(scored(kind(), anchors), draws=20, seed=0) for kind in (Linear, TwoStepLinear))
    assert set(kept.controls) == {"blank", "shuffled", "shuffled in stratum", "positive", "negative"}
    for name, table in kept.controls.items():
        np.testing.assert_allclose(table.rows["score"], again.controls[name].rows["score"], atol=1e-6, err_msg=name)
        assert table.provenance.control == name
    assert not kept.controls["blank"].rows["score"].any()
    assert again.notes == {"source and view from features": "'linear' gives no features of images, only scores."}
    assert {predicted.key for predicted in kept.predicted} == {"source", "view"}


def test_controls_that_need_denials_say_so():
    anchors = replace(next(iter(wordings().values())), negative=None)
    checks = score_controls(scored(TwoStepLinear(), anchors), draws=5, seed=0)
    assert checks.notes == {"negation": "The anchors 'names' have no denials, so there is no score of \"no X\"."}
    with pytest.raises(ScoresError, match="anchors 'names' have no denials"):
        sides(anchors)


def test_files_of_checks_are_told_from_those_of_models():
    main = scored(Linear(), next(iter(wordings().values()))).main
    wording, control = (
        replace(main, provenance=ScoresProvenance("linear", **marks))
        for marks in ({"prompts": "paraphrases 2/9 abc"}, {"control": "blank"})
    )
    models, checks = partition([main, wording, control])
    assert models == [main]
    assert (list(checks.prompts), list(checks.controls)) == (["paraphrases 2/9 abc"], ["blank"])
    assert list(checks.files()) == ["paraphrases-2", "control-blank"]
    with pytest.raises(ConfigError, match="wordings and controls only: give the file of the main result first"):
        partition([control])
    assert Checks().files() == {}
