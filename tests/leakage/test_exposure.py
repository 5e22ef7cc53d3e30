"""Exposure: what a model has seen of a concept."""

from __future__ import annotations

import pytest

from radz.errors import LeakageError
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Statement
from radz.leakage.exposure import count_mentions, exposure, require_left_out, require_unseen
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


def test_a_held_out_concept_is_marked_by_its_names_and_not_by_its_texts():
    seen = {"corpus": "x", "split": "train", "supervised": {"consolidation": 1}}
    assert exposure(KNOWLEDGE["pneumonia"], Provenance(**seen), KNOWLEDGE) is Exposure.RELATED
    assert exposure(KNOWLEDGE["pneumonia"], Provenance(**seen, held_out=("pneumonia",)), KNOWLEDGE) is Exposure.UNSEEN


def test_a_narrower_form_counts_for_what_is_to_be_held_out():
    trained = {"corpus": "x", "split": "train"}
    require_unseen(["effusion"], Provenance(**trained, supervised={"pneumothorax": 1}), KNOWLEDGE)
    with pytest.raises(LeakageError, match=r"has seen findings that are to be held out: effusion \(related\)"):
        require_unseen(["effusion"], Provenance(**trained, supervised={"hydropneumothorax": 1}), KNOWLEDGE)


def test_only_the_fold_that_was_left_out_is_free_of_training_images():
    folded, plain = (Provenance(corpus="manifest", split="train", fold=fold) for fold in ("1/3", ""))
    require_left_out("manifest", "test", "2/3", folded)
    require_left_out("manifest", "val", "1/3", folded)
    require_left_out("padchest", "val", "2/3", folded)
    require_left_out("manifest", "val", "", plain)
    with pytest.raises(LeakageError, match=r"left out fold 1/3, but 'val' of the corpus's official .*Give the fold"):
        require_left_out("manifest", "val", "", folded)
    with pytest.raises(LeakageError, match=r"was trained on the corpus's official split, but 'val' .*Leave the fold"):
        require_left_out("manifest", "val", "1/3", plain)
