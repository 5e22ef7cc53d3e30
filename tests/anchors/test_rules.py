"""Sentences from the fields of the knowledge base."""

from __future__ import annotations

from encoders import encode_text
from radz import registry
from radz.anchors.rules import denials
from radz.knowledge import Concept, KnowledgeBase
from radz.knowledge.statement import Statement

KNOWLEDGE = KnowledgeBase.load()


UNSEEN = KNOWLEDGE.parse("melorheostosis: cortical bone that looks like dripping wax")


def test_rules_use_every_field_and_skip_the_empty():
    concept = Concept(id="x", name="xeno", synonyms=("X_eno", "zeno"), appearance=("ring",), location=("apex",))
    (texts,) = registry.load("anchors", "rules")([concept], encode_text).texts
    assert texts == ("There is xeno.", "There is zeno.", "There is xeno: ring.", "There is xeno in the apex.")


def test_a_described_disease_is_more_than_its_name_under_rules():
    (texts,) = registry.load("anchors", "rules")([UNSEEN], encode_text).texts
    assert any("dripping wax" in text for text in texts)


def test_statements_of_a_concept_are_sentences_too():
    cited = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
    fibrosis = KNOWLEDGE["fibrosis"].model_copy(update={"statements": (cited,)})
    plain, more = (registry.load("anchors", "rules")([c], encode_text) for c in (KNOWLEDGE["fibrosis"], fibrosis))
    assert more.texts[0] == (*plain.texts[0], cited.text)


def test_denials_name_synonyms_but_not_those_of_normal():
    concept = Concept(id="x", name="xeno", synonyms=("X_eno", "zeno"))
    assert denials(concept) == ["There is no xeno.", "There is no zeno."]
    assert denials(KNOWLEDGE["no_finding"]) == ["There is an abnormal finding."]
