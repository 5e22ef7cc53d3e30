"""Lexicons: terms, validation, languages."""

from __future__ import annotations

import pytest
import yaml

from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.text.lexicon import Lexicon, languages, load_lexicon, read_lexicon
from radz.text.terms import fold
from radz.types import NORMAL

KNOWLEDGE = KnowledgeBase.load()


@pytest.mark.parametrize("language", languages())
def test_lexicons_know_every_concept_and_are_folded(language):
    lexicon = load_lexicon(language, KNOWLEDGE)
    assert set(lexicon.findings) == {concept.id for concept in KNOWLEDGE if concept.default} | {NORMAL}
    assert lexicon.labelled(KNOWLEDGE) == set(lexicon.findings)
    terms = [term for _, term in lexicon.terms(KNOWLEDGE)]
    assert terms == [fold(term) for term in terms]


GOOD = {"findings": {"mass": ["mass"]}, "negated": {}, "uncertain": {}, "elsewhere": {}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"findings": {"maas": ["mass"]}}, r"'maas' is not a concept\. `radz findings` lists"),
        ({"findings": {"mass": "mass"}}, r"words\.yaml, 'findings\.mass'"),
        ({"negate": {}}, r"words\.yaml, 'negate'"),
        ({"unrelated": ["{organ} mass"]}, r"words\.yaml, ''.*'{organ} mass' names no group\. Groups are none"),
        ({"clauses": {"conjunctions": ["and"]}}, r"words\.yaml, 'clauses\.conjunctions'"),
    ],
)
def test_a_bad_lexicon_is_refused(tmp_path, change, message):
    path = tmp_path / "words.yaml"
    path.write_text(yaml.safe_dump(GOOD | change))
    with pytest.raises(KnowledgeError, match=message):
        read_lexicon(path, KNOWLEDGE)


def test_terms_of_a_group_are_expanded_in_every_field():
    fields = {"groups": {"organ": ["liver", "renal"]}, "unrelated": ["{organ} mass"], "neutral": ["no {organ}"]}
    lexicon = Lexicon.model_validate(GOOD | fields | {"negated": {"before": ["sans {organ}"]}})
    assert lexicon.unrelated == ("liver mass", "renal mass")
    assert lexicon.neutral == ("no liver", "no renal")
    assert lexicon.negated.before == ("sans liver", "sans renal")


@pytest.mark.parametrize("language", languages())
def test_cues_are_folded_and_of_one_kind(language):
    lexicon = load_lexicon(language, KNOWLEDGE)
    kinds = [lexicon.negated, lexicon.uncertain, lexicon.elsewhere]
    cues = [{*cues.before, *cues.after, *cues.either} for cues in kinds] + [{*lexicon.neutral}]
    assert [cue for each in cues for cue in each if cue != fold(cue)] == []
    assert sum(map(len, cues)) == len(set().union(*cues))


def test_broken_yaml_is_refused(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("a: [")
    with pytest.raises(KnowledgeError, match=r"words\.yaml is not valid YAML"):
        read_lexicon(path, KNOWLEDGE)


def test_a_language_without_lexicon_is_refused():
    with pytest.raises(UnknownNameError, match=r"Unknown report language 'fr'.*Known: en, es"):
        load_lexicon("fr", KNOWLEDGE)
