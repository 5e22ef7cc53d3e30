"""The shipped concepts: labels of public corpora, hierarchy, names in three languages."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import pytest

from encoders import encode_text
from published_labels import (
    BRAIN,
    CHEXPERT,
    DEEPLESION,
    KINDS_OF_IMAGE,
    OPENI,
    PADCHEST,
    PARTS,
    SMALL,
    VINDR,
    listed,
)
from radz import registry
from radz.anchors.hybrid import description
from radz.data.corpora import chestxray14
from radz.knowledge import IMAGED, KnowledgeBase, fold, mentions
from radz.knowledge.inventory import entry_texts
from radz.types import NORMAL

KNOWLEDGE = KnowledgeBase.load()
FILMED = [c for c in KNOWLEDGE if c.kind in IMAGED and (c.body_part, c.modality) == ("chest", "radiograph")]

CORPORA = {
    "chestxray14": chestxray14.FINDINGS,
    "chexpert and mimic-cxr": CHEXPERT,
    "vindr-cxr": VINDR,
    "rsna, siim, covidx": SMALL,
    "padchest": listed(PADCHEST),
    "openi": listed(OPENI),
    "deeplesion": [f"{label} lesion on CT" for label in DEEPLESION],
    "brain mr": BRAIN,
}


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_label_of_a_public_corpus_is_a_concept(corpus):
    assert [label for label in CORPORA[corpus] if label not in KNOWLEDGE] == []
    assert {KNOWLEDGE[label].kind for label in CORPORA[corpus]} <= set(IMAGED)


def test_the_alphabets_are_as_long_as_published():
    lengths = {"chexpert and mimic-cxr": 14, "deeplesion": 8, "padchest": 190, "vindr-cxr": 29, "chestxray14": 15}
    assert {corpus: len(set(CORPORA[corpus])) for corpus in lengths} == lengths


@pytest.mark.parametrize(
    ("label", "concept"),
    [
        ("Nodule/Mass", "lung_lesion"),
        ("Pleural Other", "pleural_other"),
        ("Hernia, Hiatal", "hernia"),
        ("volume loss", "atelectasis"),
        ("bullas", "bulla"),
        ("neumonía", "pneumonia"),
        ("NEUMOTÓRAX", "pneumothorax"),
        ("기흉", "pneumothorax"),
        ("흉수", "effusion"),
    ],
)
def test_labels_and_translations_find_their_concept(label, concept):
    assert KNOWLEDGE[label].id == concept


def test_body_parts_and_modalities_are_concepts_and_images_are_of_them():
    assert {KNOWLEDGE[name].kind for name in PARTS} == {"body_part"}
    assert {KNOWLEDGE[name].kind for name in KINDS_OF_IMAGE} == {"modality"}
    assert {KNOWLEDGE[c.body_part].id for c in KNOWLEDGE} == {c.body_part for c in KNOWLEDGE}
    assert {KNOWLEDGE[c.body_part].kind for c in KNOWLEDGE} == {"body_part"}
    assert {KNOWLEDGE[c.modality].kind for c in KNOWLEDGE} == {"modality"}


def test_the_base_is_as_large_as_promised():
    assert len(KNOWLEDGE) >= 120
    assert min(Counter(c.kind for c in KNOWLEDGE).values()) >= 8
    assert {c.group for c in FILMED} == {"infectious", "neoplastic", "cardiovascular", "other"}


def test_the_first_twenty_keep_their_names_and_places():
    first = {c.id: c.names for c in KNOWLEDGE if c.default or c.id == NORMAL}
    assert [*first] == [c.id for c in KNOWLEDGE][:20]
    # what the sentences of the shipped model were written from: hash of the base of its release
    assert hashlib.sha256(repr([*first.items()]).encode()).hexdigest()[:16] == "e3508337342e50c8"


def test_findings_of_the_chest_film_are_described_and_named_in_three_languages():
    for concept in FILMED:
        assert concept.definition, concept.id
        assert concept.appearance, concept.id
        assert concept.location or concept.id == "obesity", concept.id
        assert concept.translations["es"], concept.id
        assert any("\uac00" <= letter <= "\ud7a3" for letter in "".join(concept.translations["ko"])), (
            concept.id
        )  # Hangul


def test_texts_fit_into_sentences():
    texts = [text for concept in KNOWLEDGE for text in (*entry_texts(concept), *concept.names)]
    assert [text for text in texts if text != text.strip() or text.endswith(".")] == []
    named = [c.id for c in KNOWLEDGE if mentions(fold(c.definition), [fold(c.name)])]
    assert named == ["tuberculosis"]  # "Mycobacterium tuberculosis"; a definition does without the name


def test_nothing_is_above_itself():
    above = {c.id: {parent for above in c.parents for parent in KNOWLEDGE.lineage(above)} for c in KNOWLEDGE}
    assert [concept for concept, line in above.items() if concept in line] == []


def test_a_narrower_form_is_of_the_same_image_and_kind():
    for concept in KNOWLEDGE:
        for parent in map(KNOWLEDGE.__getitem__, concept.parents):
            assert parent.kind == concept.kind
            assert parent.modality == concept.modality
            assert parent.body_part in (concept.body_part, "whole_body")


def test_chexperts_hierarchy_is_in_the_base():
    narrower = {
        "lung_opacity": {"edema", "consolidation", "pneumonia", "atelectasis", "infiltration"},
        "lung_lesion": {"nodule", "mass"},
        "enlarged_cardiomediastinum": {"cardiomegaly"},
        "pleural_other": {"pleural_thickening"},
    }
    assert {above: {c for c in below if above in KNOWLEDGE.lineage(c)} for above, below in narrower.items()} == narrower


def test_codes_are_umls_concepts_one_each():
    codes = [code for c in KNOWLEDGE for code in c.codes.values()]
    assert len(codes) == len(set(codes)) == 125  # benchmarks/_padchest_codes.py prints this number
    assert all(code[0] == "C" and code[1:].isdigit() and len(code) == 8 for code in codes)


def test_nothing_claims_a_source_that_it_does_not_name():
    assert {c.source for c in KNOWLEDGE} == {"unreviewed"}


def test_no_name_belongs_to_two_concepts():
    names = [name for c in KNOWLEDGE for name in {fold(n) for n in c.every_name}]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_disease_says_how_it_looks_and_what_its_source_is():
    for concept in KNOWLEDGE:
        assert concept.definition
        assert concept.appearance
        assert concept.source
        assert all(parent in KNOWLEDGE for parent in concept.parents)


def test_shipped_concepts_have_no_statement_that_nobody_reviewed():
    assert [c.id for c in KNOWLEDGE if any(not s.reviewed for s in c.statements)] == []


def test_texts_of_the_concepts_that_the_shipped_model_was_trained_on_are_what_they_were():
    """Other texts would give its trained findings other anchors than those it was evaluated with."""
    shipped = [c for c in KNOWLEDGE if c.default or c.id == "no_finding"]
    rules = registry.load("anchors", "rules")(shipped, encode_text)
    texts = [
        [c.id, c.name, sentences, description(c), c.sha256] for c, sentences in zip(shipped, rules.texts, strict=True)
    ]
    assert (
        hashlib.sha256(json.dumps(texts).encode()).hexdigest()
        == "6137fffe3d5dbfcedfebbf444886339c0bfdc91bf84178abb33ef5247a4030bd"
    )
