"""Labels of corpora as concepts, and what two corpora share."""

from __future__ import annotations

import pytest
import yaml

from published_labels import CHEXPERT, DEEPLESION, OPENI, PADCHEST, VINDR, listed
from radz import registry
from radz.data import ontology
from radz.data.ontology import Relation, concepts_of, corpora_with_labels, labels_of, to_concepts
from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import IMAGED, KnowledgeBase, fold
from radz.types import Presence

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
    with pytest.raises(KnowledgeError, match=r"twice.yaml: the label 'A' is under two relations"):
        labels_of("twice")
    with pytest.raises(UnknownNameError, match=r"concept \(of the label 'A' in odd.yaml\) 'mas'.*'mass'"):
        labels_of("odd")
