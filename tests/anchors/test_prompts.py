"""Prompt files: the shipped wordings, and those of a user."""

from __future__ import annotations

import pytest
import torch

from radz import registry
from radz.anchors import load_prompts
from radz.errors import ConfigError, UnknownNameError
from radz.knowledge import KnowledgeBase, fold
from radz.text.synthesis import NEGATIVE, NORMAL_TEXT, POSITIVE
from radz.types import NORMAL

KNOWLEDGE = KnowledgeBase.load()


def encode(texts):
    """Unit vectors that differ by text."""
    rows = [torch.randn(4, generator=torch.manual_seed(sum(map(ord, text)))) for text in texts]
    return torch.nn.functional.normalize(torch.stack(rows), dim=1)


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
        ("[]", r"must hold a list of prompts\. Write a YAML list of prompts, each with positive, negative, normal"),
        ("- {positive: a, negative: b}", "prompt mine 1/1 must have the sentences positive, negative, normal"),
        ("- {positive: a, negative: 'no {finding}', normal: c}", "must name {finding} once in positive and once"),
        ("- [", r"is not valid YAML \(.*\)\. Write a YAML list of prompts"),
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
    with pytest.raises(
        ConfigError, match=r"no prompt file .*absent.yaml. Give another file, or one of default, paraphrases"
    ):
        load_prompts(str(tmp_path / "absent.yaml"))
