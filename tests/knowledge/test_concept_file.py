"""Concepts from YAML files and from the command line."""

from __future__ import annotations

import pytest

from radz.errors import KnowledgeError
from radz.knowledge import KnowledgeBase, read_entries
from radz.knowledge.concept_file import describe_concept

KNOWLEDGE = KnowledgeBase.load()


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


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(KnowledgeError, match="No findings file"):
        KnowledgeBase.load([tmp_path / "none.yaml"])
    with pytest.raises(KnowledgeError, match=r"cannot be opened \(Is a directory\)\. Write YAML in UTF-8"):
        read_entries(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("a: {name: Überbein}".encode("latin1"))
    with pytest.raises(KnowledgeError, match=r"latin\.yaml is not encoded as UTF-8"):
        read_entries(tmp_path / "latin.yaml")


def test_a_name_without_latin_letters_has_a_stable_id():
    assert describe_concept("肺癌", "opacity").id == "9e752603bed9"
