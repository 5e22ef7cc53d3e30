"""Statements drafted by a language model."""

from __future__ import annotations

import pytest

from radz.errors import KnowledgeError
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Draft
from radz.model.generation import Written
from radz.serve.llm_statements import as_statements

KNOWLEDGE = KnowledgeBase.load()
DRAFT = Draft(backbone="hf", fingerprint="ab", seed=0, prompt="?")


def test_sentences_of_a_draft_are_statements_each():
    def texts(text, finished):
        return [s.text for s in as_statements(Written(text, finished), KNOWLEDGE["mass"], DRAFT, "2026-11-25")]

    assert texts("1. One is round. Two is", False) == ["One is round."]
    assert texts("- One is round.\n- Two is square", True) == ["One is round.", "Two is square"]
    assert texts("One with no end", False) == ["One with no end"]
    (statement,) = as_statements(Written("One.", True), KNOWLEDGE["mass"], DRAFT, "2026-11-25")
    assert statement.source == "drafted by hf (ab), 2026-11-25"
    with pytest.raises(KnowledgeError, match=r"hf wrote nothing about 'lung mass'\. Give another --seed"):
        texts(" ", True)
