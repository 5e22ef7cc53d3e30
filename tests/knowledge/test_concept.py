"""The schema of one concept: names, hash, statements."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from radz.knowledge import Concept, KnowledgeBase
from radz.knowledge.statement import Statement
from radz.storage import content_hash

CITED = Statement(text="It is round.", source="A book, p. 1")
REVIEWED = CITED.model_copy(update={"reviewed": True})


def test_names_grow_from_english_to_every_key():
    concept = Concept(id="a", name="b", synonyms=("c",), labels=("D/E",), translations={"es": ("f",)})
    assert concept.names == ("b", "c")
    assert concept.spoken_names == ("b", "c", "f")
    assert concept.every_name == ("a", "b", "c", "f", "D/E")


def test_the_hash_covers_every_field_and_statements_only_where_there_are_some():
    plain = Concept(id="a", name="b")
    assert plain.sha256 == content_hash(plain.model_dump_json(exclude={"statements"}))
    assert plain.sha256 != Concept(id="a", name="b", context=("adults",)).sha256
    cited = Concept(id="a", name="b", statements=(CITED,))
    assert cited.sha256 != plain.sha256
    assert cited.sha256 != Concept(id="a", name="b", statements=(REVIEWED,)).sha256


def test_of_two_statements_with_one_text_the_later_counts():
    assert Concept(id="a", name="b", statements=(CITED, REVIEWED)).statements == (REVIEWED,)


def test_unreviewed_statements_among_the_texts_of_an_anchor():
    concept = Concept(id="a", name="b", statements=(CITED, REVIEWED.model_copy(update={"text": "It is dense."})))
    assert concept.unreviewed(["b", "It is round.", "It is dense."]) == ("It is round.",)


def test_a_concept_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        KnowledgeBase.load()["mass"].name = "lump"
