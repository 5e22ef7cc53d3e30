"""Labels of corpora as concepts, and what two corpora share."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

from published_labels import CHEXPERT, DEEPLESION, OPENI, PADCHEST, VINDR, listed
from radz import registry
from radz.cli import app
from radz.data import ontology
from radz.data.label_map import map_labels, relation_between
from radz.data.ontology import Label, Relation, concepts_of, corpora_with_labels, labels_of, to_concepts
from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import IMAGED, KnowledgeBase, fold
from radz.types import NORMAL, Presence

KNOWLEDGE = KnowledgeBase.load()
FREE = {"manifest", "dicom_folder", "shards"}  # their labels are names of the knowledge base
EXACT, NARROWER, BROADER, NONE = Relation.EXACT, Relation.NARROWER, Relation.BROADER, Relation.NONE
PRESENT, ABSENT, UNCERTAIN = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN


@pytest.mark.parametrize("corpus", sorted({*registry.names("corpora"), *corpora_with_labels()} - FREE))
def test_every_label_of_every_corpus_is_related_to_a_concept_or_says_why_not(corpus):
    labels = labels_of(corpus)
    assert labels
    for label in labels.values():
        assert (label.concept == "") is (label.relation is NONE) is (label.why != ""), label
        assert label.relation is NONE or KNOWLEDGE[label.concept].kind in IMAGED, label


@pytest.mark.parametrize("corpus", sorted(set(registry.names("corpora")) - FREE))
def test_a_corpus_finds_what_its_labels_mean(corpus, tmp_path):
    plugin = registry.load("corpora", corpus)
    assert set(plugin(plugin.fake(tmp_path)).findings) <= set(concepts_of(corpus))


@pytest.mark.parametrize(
    ("corpus", "published"),
    [
        ("chexpert", CHEXPERT),
        ("vindr", VINDR),
        ("deeplesion", [*DEEPLESION, "lesion"]),
        ("padchest", [*listed(PADCHEST), "unchanged", "exclude", "suboptimal study"]),
    ],
)
def test_the_alphabets_are_those_published(corpus, published):
    assert {fold(label) for label in labels_of(corpus)} == {fold(label) for label in published}


def test_open_i_has_at_least_what_names_a_finding():
    assert {fold(label) for label in listed(OPENI)} <= {fold(label) for label in labels_of("open_i")}


def test_where_the_knowledge_base_has_the_label_it_means_the_same():
    """Two owners of one name would drift apart; DeepLesion's labels are places, and mean a lesion there."""
    differing = {
        (corpus, label.name)
        for corpus in corpora_with_labels()
        for label in labels_of(corpus).values()
        if label.name in KNOWLEDGE and KNOWLEDGE[label.name].id != label.concept and corpus != "deeplesion"
        if KNOWLEDGE[label.name].kind in IMAGED
    }
    assert differing == {("padchest", "sternoclavicular junction hypertrophy")}


def test_what_a_label_says_of_its_concept():
    """Absent jugular catheter: there may be another. A mass anywhere: it need not be in the lung."""
    of_padchest = {
        "pneumonia": ABSENT,
        "central venous catheter via jugular vein": PRESENT,
        "rib fracture": ABSENT,
        "mass": PRESENT,
        "increased density": ABSENT,
        "abscess": UNCERTAIN,
        "unchanged": PRESENT,
    }
    assert to_concepts("padchest", of_padchest) == {
        "pneumonia": ABSENT,
        "central_venous_catheter": PRESENT,
        "lung_opacity": ABSENT,
    }
    both = {"fracture": ABSENT, "rib fracture": UNCERTAIN, "clavicle fracture": PRESENT}
    assert to_concepts("padchest", both) == {"fracture": UNCERTAIN, "clavicle_fracture": PRESENT}
    with pytest.raises(UnknownNameError, match=r"Unknown label of siim 'Pneumotorax'\. Did you mean 'Pneumothorax'"):
        to_concepts("siim", {"Pneumotorax": PRESENT})


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
    found = map_labels("chexpert", "padchest")
    shared = {row.label for row in found.shared}
    left = {entry.label: entry.why for entry in found.left_out if entry.corpus == "chexpert"}
    assert shared | set(left) == set(labels_of("chexpert"))
    assert not shared & set(left)
    reasons = {entry.label: entry.why for entry in found.left_out if entry.corpus == "padchest"}
    assert reasons["scoliosis"] == "chexpert labels neither it, nor a kind of it, nor what it is a kind of"
    assert reasons["mass"].startswith("beside 'Lung Lesion' of chexpert: it holds more than lung mass")
    assert reasons["unchanged"] == "compares with an earlier film"
    assert {entry.why for entry in map_labels("siim", "deeplesion").left_out if entry.corpus == "siim"} == {
        "is seen in chest radiograph, of which deeplesion labels nothing"
    }


def test_the_command_prints_both_forms():
    run = CliRunner().invoke(app, ["data", "map", "chestxray14", "siim", "--format", "json"])
    record = json.loads(run.stdout)
    assert record["shared"] == [
        {"label": "Pneumothorax", "concept": "pneumothorax", "relation": "exact", "others": ["Pneumothorax"]}
    ]
    assert len(record["left_out"]) == 14
    table = CliRunner().invoke(app, ["data", "map", "chestxray14", "siim"]).stdout
    assert "left out of chestxray14: No Finding" in table
    assert "share no label" in CliRunner().invoke(app, ["data", "map", "siim", "rsna"]).stdout


def test_corpora_without_labels_and_files_that_are_not_right(tmp_path, monkeypatch):
    with pytest.raises(UnknownNameError, match=r"'manifest' has no file of labels: its labels are names"):
        labels_of("manifest")
    with pytest.raises(UnknownNameError, match=r"Unknown corpus 'padchets'\. Did you mean 'padchest'"):
        labels_of("padchets")
    monkeypatch.setattr(ontology, "_folder", lambda: tmp_path)
    for name, tree in {
        "twice": {"exact": {"A": "mass"}, "broader": {"A": "mass"}},
        "odd": {"exact": {"A": "mas"}},
    }.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(KnowledgeError, match=r"twice.yaml: the label 'A' stands under two relations"):
        labels_of("twice")
    with pytest.raises(UnknownNameError, match=r"concept \(of the label 'A' in odd.yaml\) 'mas'.*'mass'"):
        labels_of("odd")
