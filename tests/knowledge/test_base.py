"""The knowledge base: lookup under any name, selection, hierarchy, the user's files."""

from __future__ import annotations

import json
import pickle

import pytest
from typer.testing import CliRunner

from radz.cli import app
from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import Concept, KnowledgeBase
from radz.knowledge.statement import Statement
from radz.types import NORMAL

KNOWLEDGE = KnowledgeBase.load()
CHESTXRAY14 = [
    *("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia"),
    *("Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax"),
]


@pytest.mark.parametrize("label", [*CHESTXRAY14, "No Finding", "COVID-19", "bacterial pneumonia", "fracture"])
def test_every_label_resolves_whatever_its_case(label):
    assert KNOWLEDGE[label] is KNOWLEDGE[label.upper()] is KNOWLEDGE[label.replace("_", " ")]


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


def test_a_disease_from_a_file_and_one_that_replaces_a_shipped_entry(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("silicosis: {name: silicosis, parents: [fibrosis]}\nmass: {name: big mass}\n")
    base = KnowledgeBase.load([path])
    assert len(base) == len(KNOWLEDGE) + 1
    assert base["silicosis"].parents == ("fibrosis",)
    assert base["mass"].name == "big mass"


def test_normal_is_one_of_the_concepts():
    assert KNOWLEDGE["normal"].id == NORMAL


def test_lineage_is_the_concept_and_all_that_is_above_it():
    chain = [Concept(id=a, name=a, parents=p) for a, p in (("c", ("b",)), ("b", ("a",)), ("a", ()), ("x", ()))]
    base = KnowledgeBase(chain)
    assert base.lineage("c") == {"a", "b", "c"}
    assert base.lineage("x") == {"x"}


def test_a_shorter_description_keeps_the_fields_that_are_named():
    mass = KNOWLEDGE.with_description_fields(("appearance",))["mass"]
    assert mass.appearance == KNOWLEDGE["mass"].appearance
    assert (mass.definition, mass.location, mass.context) == ("", (), ())
    assert KNOWLEDGE.with_description_fields(("context", "location", "appearance", "definition")) is KNOWLEDGE


def test_a_base_without_a_concept_does_not_name_it_in_statements_either():
    cited = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1")
    naming = cited.model_copy(update={"text": "A mass may hide in fibrosis."})
    fibrosis = KNOWLEDGE["fibrosis"].model_copy(update={"statements": (cited, naming)})
    base = KnowledgeBase([fibrosis if c.id == "fibrosis" else c for c in KNOWLEDGE]).without(frozenset({"mass"}))
    assert "mass" not in base
    assert base["fibrosis"].statements == (cited,)
