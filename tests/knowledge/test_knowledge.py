"""Concepts: every shipped entry fits the schema, is found under its names, and a user can add one."""

from __future__ import annotations

import json
import pickle
from collections import Counter

import pytest
from typer.testing import CliRunner

from radz.cli import app
from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import Concept, KnowledgeBase, fold
from radz.leakage.exposure import count_mentions, exposure
from radz.provenance import Provenance
from radz.types import NORMAL, Exposure

KNOWLEDGE = KnowledgeBase.load()
CHESTXRAY14 = [
    *("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia"),
    *("Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax"),
]


@pytest.mark.parametrize("label", [*CHESTXRAY14, "No Finding", "COVID-19", "bacterial pneumonia", "fracture"])
def test_every_label_resolves_whatever_its_case(label):
    assert KNOWLEDGE[label] is KNOWLEDGE[label.upper()] is KNOWLEDGE[label.replace("_", " ")]


def test_no_name_belongs_to_two_concepts():
    names = [name for c in KNOWLEDGE for name in {fold(n) for n in c.every_name}]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize(
    "text",
    [
        "own: {name: Neumotórax}",  # a translation
        "own: {name: own, synonyms: [PLEURAL-EFFUSION]}",
        "own: {name: own, labels: [Nodule/Mass]}",
        "own: {name: own, translations: {ko: [기흉]}}",
        "other: {name: twin}\nown: {name: own, synonyms: [Twin]}",
    ],
)
def test_a_name_that_is_taken_is_refused_with_both_owners(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"The name '.*' belongs to two concepts, '[a-z_]+' and 'own'"):
        KnowledgeBase.load([path])


def test_findings_are_selected_by_image_and_group():
    base = KnowledgeBase(
        [
            Concept(id=NORMAL, name="nothing"),
            Concept(id="flu", name="flu", group="infectious"),
            Concept(id="lead", name="lead", kind="device"),
            Concept(id="hand", name="hand", kind="body_part"),
            Concept(id="cyst", name="cyst", modality="ct"),
        ]
    )
    assert [c.id for c in base.select("all", "chest", "radiograph")] == ["flu", "lead"]
    assert [c.id for c in base.select("group:infectious", "chest", "radiograph")] == ["flu"]
    assert [c.id for c in base.select("all", "chest", "ct")] == ["cyst"]
    with pytest.raises(UnknownNameError, match=r"Unknown disease group 'infectous'\. Did you mean 'infectious'"):
        base.select("group:infectous", "chest", "radiograph")


def test_every_disease_says_how_it_looks_and_what_its_source_is():
    for concept in KNOWLEDGE:
        assert concept.definition
        assert concept.appearance
        assert concept.source
        assert all(parent in KNOWLEDGE for parent in concept.parents)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Unknown finding 'pnuemonia'\. Did you mean 'pneumonia'"):
        KNOWLEDGE["pnuemonia"]


def test_an_unknown_name_is_not_answered_with_hundreds():
    with pytest.raises(UnknownNameError) as refused:
        KNOWLEDGE["lung colapse"]
    assert len(str(refused.value)) < 300
    assert "Did you mean 'lung collapse'" in str(refused.value)
    assert "`radz findings` lists those that are known." in str(refused.value)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301


def test_findings_are_listed_by_a_part_of_any_name():
    listed = CliRunner().invoke(app, ["findings", "derrame pleural", "--format", "json"]).stdout
    assert "effusion" in {entry["id"] for entry in json.loads(listed)}
    assert f"{len(KNOWLEDGE)} concepts" in CliRunner().invoke(app, ["findings"]).stdout


def test_a_disease_from_the_command_line():
    concept = KNOWLEDGE.parse("Silicosis: small nodules of the upper zones")
    assert (concept.id, concept.name, concept.appearance) == (
        "silicosis",
        "Silicosis",
        ("small nodules of the upper zones",),
    )
    assert KNOWLEDGE.parse("Überbein: bump").id == "berbein"
    assert KNOWLEDGE.parse("肺癌: opacity").id


@pytest.mark.parametrize("text", ["silicosis:", ": nodules"])
def test_a_disease_without_name_or_description_is_refused(text):
    with pytest.raises(KnowledgeError, match='A new finding is written "name: description"'):
        KNOWLEDGE.parse(text)


def test_a_disease_from_a_file_and_one_that_replaces_a_shipped_entry(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("silicosis: {name: silicosis, parents: [fibrosis]}\nmass: {name: big mass}\n")
    own = KnowledgeBase.load([path])
    assert len(own) == len(KNOWLEDGE) + 1
    assert own["silicosis"].parents == ("fibrosis",)
    assert own["mass"].name == "big mass"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("silicosis: {}", "concept 'silicosis', field 'name'"),
        ("silicosis: {name: s, apearance: [x]}", "field 'apearance'"),
        ("Silicosis: {name: s}", "field 'id'"),
        ("silicosis: {name: s, kind: disease}", "field 'kind'"),
        ("silicosis: {name: s, translations: {spanish: [x]}}", "field 'translations"),
        ("silicosis: {name: s, parents: [dust]}", "has the parent 'dust', which is not a concept"),
        ("silicosis: text", "concept 'silicosis'"),
        ("- a", "must map a concept id"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_with_entry_and_field(tmp_path, text, message):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(KnowledgeError, match=message):
        KnowledgeBase.load([path])


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(KnowledgeError, match="No findings file"):
        KnowledgeBase.load([tmp_path / "none.yaml"])


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


def test_normal_is_one_of_the_concepts():
    assert KNOWLEDGE["normal"].id == NORMAL
