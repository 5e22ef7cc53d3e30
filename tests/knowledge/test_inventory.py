"""The page of docs/knowledge.md."""

from __future__ import annotations

from pathlib import Path

from radz.knowledge import Concept, KnowledgeBase
from radz.knowledge.inventory import inventory
from radz.knowledge.statement import Statement


def test_the_page_is_what_the_command_prints():
    page = Path(__file__).parents[2] / "docs" / "knowledge.md"
    assert page.read_text(encoding="utf-8") == inventory(), "run: python -m radz.knowledge > docs/knowledge.md"


def test_statements_are_counted_by_whether_they_have_a_source():
    base = KnowledgeBase(
        [
            Concept(id="a", name="a", definition="d", appearance=("x", "y"), source="A book, chapter 1, 2026-01-01"),
            Concept(id="b", name="b", context=("z",), parents=("a",)),
        ]
    )
    page = inventory(base)
    assert "2 concepts, 4 statements." in page
    assert "| sourced | 3 |" in page
    assert "| unreviewed | 1 |" in page
    assert "| a broader concept | 1 |" in page


def test_cited_sentences_are_counted_until_they_are_reviewed():
    cited = Statement(text="It is round.", source="A book, p. 1")
    pages = [
        inventory(KnowledgeBase([Concept(id="a", name="a", statements=(statement,))]))
        for statement in (cited, cited.model_copy(update={"reviewed": True}))
    ]
    assert ["| cited, unreviewed | 1 |" in page for page in pages] == [True, False]
    assert ["| sourced | 1 |" in page for page in pages] == [False, True]
