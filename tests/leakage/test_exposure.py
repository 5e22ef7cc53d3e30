"""Exposure: what a model has seen of a concept."""

from __future__ import annotations

import pytest

from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Statement
from radz.leakage.exposure import count_mentions, exposure
from radz.provenance import Provenance
from radz.types import Exposure

KNOWLEDGE = KnowledgeBase.load()
SEEN = Provenance(corpus="x", split="train", supervised={"pneumonia": 3, "mass": 2}, mentioned={"fracture": 5})


@pytest.mark.parametrize(
    ("finding", "mark"),
    [
        ("pneumonia", Exposure.SUPERVISED),
        ("lung infection: what the base calls pneumonia", Exposure.SUPERVISED),
        ("fracture", Exposure.SEEN),
        ("covid_19", Exposure.RELATED),  # a narrower form of pneumonia
        ("round lesion: a mass seen in both lungs", Exposure.RELATED),
        ("emphysema", Exposure.UNSEEN),
        ("neumonía", Exposure.SUPERVISED),
        ("masa pulmonar: lo mismo en otro idioma", Exposure.SUPERVISED),
        ("lung_lesion", Exposure.RELATED),  # a broader form of mass
        ("lung_opacity", Exposure.RELATED),  # of pneumonia
        ("clavicle_fracture", Exposure.RELATED),  # a narrower form of what was read
        ("pneumothorax", Exposure.UNSEEN),
        ("massive thing: nothing of that name", Exposure.UNSEEN),  # "mass" is not a word of it
    ],
)
def test_exposure(finding, mark):
    assert exposure(KNOWLEDGE.parse(finding), SEEN, KNOWLEDGE) is mark


def test_mentions_are_counted_also_where_negated():
    texts = ["No pleural effusion. A mass.", "Effusions are none.", "Large masses"]
    assert count_mentions(texts, KNOWLEDGE) == {"effusion": 1, "mass": 1}


def test_mentions_count_in_every_language_but_not_of_body_parts_or_labels():
    assert count_mentions(["Neumonía del tórax.", "Chest radiograph: Lucency."], KNOWLEDGE) == {"pneumonia": 1}


def test_a_statement_that_names_what_was_trained_makes_the_concept_related():
    seen = Provenance(corpus="x", split="train", supervised={"mass": 1})
    naming = Statement(text="It may hide a mass.", source="A book, p. 1")
    cited = KNOWLEDGE["pneumothorax"].model_copy(update={"statements": (naming,)})
    assert exposure(KNOWLEDGE["pneumothorax"], seen, KNOWLEDGE) is Exposure.UNSEEN
    assert exposure(cited, seen, KNOWLEDGE) is Exposure.RELATED
