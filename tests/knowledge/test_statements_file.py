"""Findings files that radz writes: statements are added, reviewed ones are never lost."""

from __future__ import annotations

import pytest
import yaml

from radz.errors import KnowledgeError
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Draft, Statement
from radz.knowledge.statements_file import add_statements, replace_drafts

KNOWLEDGE = KnowledgeBase.load()
CITED = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
DRAFTED = Statement(text="Drafted.", source="x", draft=Draft(backbone="hf", fingerprint="ab", seed=0, prompt="?"))


def test_statements_add_to_a_shipped_concept_and_keep_the_rest(tmp_path):
    assert add_statements(tmp_path / "a.yaml", {"fibrosis": [CITED]}) == 1
    fibrosis = KnowledgeBase.load([tmp_path / "a.yaml"])["fibrosis"]
    assert fibrosis == KNOWLEDGE["fibrosis"].model_copy(update={"statements": (CITED,)})
    assert fibrosis.sha256 != KNOWLEDGE["fibrosis"].sha256


def test_of_a_text_in_two_files_the_later_counts(tmp_path):
    add_statements(tmp_path / "a.yaml", {"fibrosis": [CITED, DRAFTED]})
    add_statements(tmp_path / "b.yaml", {"fibrosis": [CITED.model_copy(update={"reviewed": True})]})
    one, two = KnowledgeBase.load([tmp_path / "a.yaml", tmp_path / "b.yaml"])["fibrosis"].statements
    assert (one.reviewed, two) == (True, DRAFTED)


def test_a_review_is_never_lost(tmp_path):
    path = tmp_path / "a.yaml"
    add_statements(path, {"fibrosis": [CITED, DRAFTED], "mass": [DRAFTED]})
    replace_drafts(path, {"fibrosis": [DRAFTED.model_copy(update={"text": "Again."})]})
    assert [s["text"] for s in yaml.safe_load(path.read_text())["fibrosis"]["statements"]] == [CITED.text, "Again."]
    path.write_text(path.read_text().replace("text: Again.\n    source: x\n", "text: Mine.\n    source: x\n"))
    tree = yaml.safe_load(path.read_text())
    tree["fibrosis"]["statements"][1]["reviewed"] = True
    path.write_text(yaml.safe_dump(tree))
    reviewed = path.read_text()
    with pytest.raises(KnowledgeError, match=r"has 1 reviewed draft\(s\) of 'fibrosis' that would be overwritten"):
        replace_drafts(path, {"mass": [CITED], "fibrosis": [DRAFTED]})
    assert path.read_text() == reviewed
    assert add_statements(path, {"fibrosis": [DRAFTED]}) == 1
    assert yaml.safe_load(path.read_text())["fibrosis"]["statements"][:2] == tree["fibrosis"]["statements"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    add_statements(path, {"fibrosis": [CITED]})
    before = path.read_bytes()
    monkeypatch.setattr(yaml, "safe_dump", lambda *_, **__: "\ud800")  # no UTF-8
    with pytest.raises(UnicodeEncodeError):
        add_statements(path, {"fibrosis": [DRAFTED]})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.yaml"]
