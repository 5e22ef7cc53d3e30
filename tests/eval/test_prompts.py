"""Prompt files, one model under several wordings, and how much a result hangs on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from radz.eval.anchor_sets import join, sides, under_each

from eval_fakes import FINDINGS, make_anchors, make_corpus, make_table
from radz import registry
from radz.anchors import load_prompts
from radz.errors import ConfigError, ScoresError, UnknownNameError
from radz.eval.prompts import prompt_sensitivity
from radz.eval.scoring import score_corpus, score_models
from radz.knowledge import KnowledgeBase, fold
from radz.metrics.summary import summarise
from radz.text.synthesis import NEGATIVE, NORMAL_TEXT, POSITIVE
from radz.types import NORMAL, Anchors, Scores

KNOWLEDGE = KnowledgeBase.load()


def encode(texts):
    """Unit vectors that differ by text."""
    rows = [torch.randn(4, generator=torch.manual_seed(sum(map(ord, text)))) for text in texts]
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


class Linear:
    """Scores are inner products of anchors with the film's first four pixels; counts its films."""

    name = "linear"

    def __init__(self):
        self.films = 0

    def score(self, studies, anchors):
        self.films += len(studies)
        rows = anchors.positive if anchors.negative is None else anchors.positive - anchors.negative
        films = torch.tensor(np.stack([s.pixels.ravel()[:4] for s in studies]))
        return Scores(tuple(s.study_id for s in studies), anchors.concepts, (films @ rows.T).numpy())


def test_the_default_prompts_are_the_sentences_of_the_strategy_names():
    (pair,) = load_prompts("default")
    concepts = [KNOWLEDGE["effusion"], KNOWLEDGE[NORMAL]]
    assert [pair.statement(c) for c in concepts] == ["There is pleural effusion.", f"There is {concepts[1].name}."]
    assert [pair.denial(c) for c in concepts] == ["There is no pleural effusion.", "There is an abnormal finding."]
    anchors, names = pair.anchors(concepts, encode), registry.load("anchors", "names")(concepts, encode)
    assert torch.equal(anchors.positive, names.positive)
    assert torch.equal(anchors.negative, names.negative)


def test_shipped_wordings_are_different_and_no_template_of_training():
    pairs = [*load_prompts("default"), *load_prompts("paraphrases")]
    concept = KNOWLEDGE["mass"]
    sentences = [text for pair in pairs for text in (pair.statement(concept), pair.denial(concept), pair.normal)]
    assert len(set(sentences)) == len(sentences)
    trained = {fold(t.format(findings=concept.name)) for t in (*POSITIVE, *NEGATIVE)} | {*map(fold, NORMAL_TEXT)}
    assert not trained & {*map(fold, sentences)}
    assert len({pair.sha256 for pair in pairs}) == len(pairs) == 10
    assert pairs[1].statement(concept) == "Lung mass is present.", "a sentence begins with a capital"


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text('- {positive: "{finding}!", negative: "not {finding}", normal: sick}\n')
    (pair,) = load_prompts(str(path))
    assert (pair.name, pair.statement(KNOWLEDGE["mass"]), pair.denial(KNOWLEDGE["mass"])) == (
        "mine 1/1",
        "Lung mass!",
        "not lung mass",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "must hold a list of prompts, each with positive, negative, normal"),
        ("- {positive: a, negative: b}", "prompt mine 1/1 must have the sentences positive, negative, normal"),
        ("- {positive: a, negative: 'no {finding}', normal: c}", "must name {finding} once in positive and once"),
        ("- [", "cannot be read as YAML"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        load_prompts(str(path))


def test_an_unknown_set_names_the_shipped_ones(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Did you mean 'paraphrases'\? Known: default, paraphrases"):
        load_prompts("paraphrase")
    with pytest.raises(ConfigError, match=r"no prompt file .*absent.yaml. Shipped sets: default, paraphrases"):
        load_prompts(str(tmp_path / "absent.yaml"))


def wordings() -> dict[str, Anchors]:
    return {pair.name: pair.anchors([KNOWLEDGE[f] for f in FINDINGS], encode) for pair in load_prompts("paraphrases")}


def test_under_several_sets_each_film_passes_once_and_scores_are_each_sets_own():
    sets, model, corpus = wordings(), Linear(), make_corpus(20)
    tables = score_models(under_each(model, sets), corpus, sets["paraphrases 1/9"], batch_size=8)
    assert model.films == 20
    for name, anchors in sets.items():
        alone = score_corpus(Linear(), corpus, anchors, batch_size=8)
        assert tables[name].rows["score"].to_numpy() == pytest.approx(alone.rows["score"].to_numpy(), abs=1e-6)
    assert join(sets).concepts[3] == "paraphrases 2/9/cardiomegaly"


def test_sets_with_and_without_denials_take_a_pass_each():
    sets, model, corpus = wordings(), Linear(), make_corpus(20)
    mixed = {"stated": sides(sets["paraphrases 1/9"])["positive"], **sets}
    tables = score_models(under_each(model, mixed), corpus, sets["paraphrases 1/9"], batch_size=8)
    assert model.films == 40
    for name, anchors in mixed.items():
        alone = score_corpus(Linear(), corpus, anchors, batch_size=8)
        assert tables[name].rows["score"].to_numpy() == pytest.approx(alone.rows["score"].to_numpy(), abs=1e-6)


def test_sets_that_do_not_fit_each_other_are_refused():
    sets = wordings()
    alone = sides(sets["paraphrases 1/9"])
    with pytest.raises(ScoresError, match="anchors 'names' have no denials"):
        sides(alone["positive"])
    one = under_each(Linear(), {"a": make_anchors()})["a"]
    with pytest.raises(
        ScoresError, match="anchors 'a' are of cardiomegaly, effusion, pneumothorax, asked for are mass"
    ):
        one.score([], make_anchors(["mass"]))


def evaluated(shift, name):
    labels = np.tile([1.0, 0.0], 40)
    table = make_table(np.random.default_rng(0).normal(size=80) + shift * labels, labels)
    return summarise(replace(table, provenance=replace(table.provenance, prompts=name)), draws=20)


def test_median_and_worst_over_wordings():
    each = [evaluated(shift, name) for shift, name in ((2, "a"), (0, "b"), (1, "c"))]
    found = prompt_sensitivity(each)
    values = [evaluation.macro.auroc_within.value for evaluation in each]
    assert found.worst.prompt == "b"
    assert found.worst.auroc_within == each[1].macro.auroc_within
    assert found.median == values[2]
    assert found.spread == {"effusion": (values[2], values[1])}
    with pytest.raises(ScoresError, match="needs the scores of one wording at least"):
        prompt_sensitivity([])
    other = summarise(make_table(np.arange(60.0), np.tile([1.0, 0.0], 30)), draws=5)
    with pytest.raises(ScoresError, match="wordings are compared on the same"):
        prompt_sensitivity([each[0], other])
