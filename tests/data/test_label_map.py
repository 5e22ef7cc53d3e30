"""Labels that two corpora share, and why others are left out."""

from __future__ import annotations

import pytest

from radz.data.label_map import map_labels, relation_between
from radz.data.ontology import Label, Relation, labels_of
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

KNOWLEDGE = KnowledgeBase.load()
FREE = {"manifest", "dicom_folder", "shards"}  # their labels are names of the knowledge base
EXACT, NARROWER, BROADER, NONE = Relation.EXACT, Relation.NARROWER, Relation.BROADER, Relation.NONE
PRESENT, ABSENT, UNCERTAIN = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        (("Mass", EXACT, "mass"), ("pulmonary mass", EXACT, "mass"), EXACT),
        (("Mass", EXACT, "mass"), ("Lung Lesion", EXACT, "lung_lesion"), NARROWER),
        (("Lung Lesion", EXACT, "lung_lesion"), ("Mass", EXACT, "mass"), BROADER),
        (("rib fracture", NARROWER, "fracture"), ("Fracture", EXACT, "fracture"), NARROWER),
        (("rib fracture", NARROWER, "fracture"), ("Rib_Fracture", NARROWER, "fracture"), EXACT),
        (("rib fracture", NARROWER, "fracture"), ("hip fracture", NARROWER, "fracture"), NONE),
        (("Mass", EXACT, "mass"), ("mass", BROADER, "mass"), NARROWER),
        (("mass", BROADER, "mass"), ("Lung Lesion", EXACT, "lung_lesion"), NONE),
        (("No Finding", EXACT, NORMAL), ("normal", EXACT, NORMAL), NONE),
        (("Mass", EXACT, "mass"), ("Effusion", EXACT, "effusion"), NONE),
    ],
)
def test_relations_follow_from_label_and_hierarchy(one, other, relation):
    assert relation_between(Label(*one), Label(*other)) is relation


def test_a_map_and_its_mirror_say_the_same():
    turned = {EXACT: EXACT, NARROWER: BROADER, BROADER: NARROWER}
    there, back = map_labels("chestxray14", "vindr"), map_labels("vindr", "chestxray14")
    pairs = {(row.label, other, row.relation) for row in there.shared for other in row.others}
    assert pairs == {(other, row.label, turned[row.relation]) for row in back.shared for other in row.others}
    assert ("Effusion", "Pleural effusion", EXACT) in pairs
    assert ("Mass", "Nodule/Mass", NARROWER) in pairs
    assert set(there.left_out) == set(back.left_out)


def test_every_label_is_shared_or_left_out_with_a_reason():
    label_map = map_labels("chexpert", "padchest")
    shared = {row.label for row in label_map.shared}
    left = {entry.label: entry.why for entry in label_map.left_out if entry.corpus == "chexpert"}
    assert shared | set(left) == set(labels_of("chexpert"))
    assert not shared & set(left)
    reasons = {entry.label: entry.why for entry in label_map.left_out if entry.corpus == "padchest"}
    assert reasons["scoliosis"] == "chexpert has neither the finding nor a broader or narrower one"
    assert reasons["mass"].startswith("is related to 'Lung Lesion' of chexpert, but it includes more than lung mass")
    assert reasons["unchanged"] == "compares with an earlier film"
    assert {entry.why for entry in map_labels("siim", "deeplesion").left_out if entry.corpus == "siim"} == {
        "is a finding of chest radiograph, for which deeplesion has no labels"
    }
