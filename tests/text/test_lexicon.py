"""Lexicons: terms, validation, languages."""

from __future__ import annotations

import pytest
import yaml

from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.text.lexicon import compiled, fold, languages, load_lexicon, read_lexicon
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
    ],
)
def test_a_bad_lexicon_is_refused(tmp_path, change, message):
    path = tmp_path / "words.yaml"
    path.write_text(yaml.safe_dump(GOOD | change))
    with pytest.raises(KnowledgeError, match=message):
        read_lexicon(path, KNOWLEDGE)


def test_broken_yaml_is_refused(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("a: [")
    with pytest.raises(KnowledgeError, match=r"words\.yaml is not valid YAML"):
        read_lexicon(path, KNOWLEDGE)


def test_a_language_without_lexicon_is_refused():
    with pytest.raises(UnknownNameError, match=r"Unknown report language 'fr'.*Known: en, es"):
        load_lexicon("fr", KNOWLEDGE)


@pytest.mark.parametrize(
    ("term", "text", "group"),
    [
        ("nodul*", "two nodules", "nodules"),
        ("heart ... enlarged", "the heart is mildly enlarged", "enlarged"),
        ("heart ... enlarged", "the heart. lungs enlarged", None),
        ("heart ... enlarged", "the heart and all the great vessels are enlarged", None),
        ("mass", "massive", None),
    ],
)
def test_terms_have_open_endings_and_gaps(term, text, group):
    match = compiled(term).search(text)
    assert (match and match[1]) == group


def test_text_is_folded():
    assert fold("Neumotórax  derecho/izquierdo,\nX-ray") == "neumotorax derecho izquierdo, x ray"
