"""The schema of one statement."""

from __future__ import annotations

import pytest

from radz.errors import KnowledgeError
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Statement


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fibrosis: {statements: [{text: x}]}", r"field 'statements\.0\.source': Field required"),
        ("fibrosis: {statements: [{text: '', source: x}]}", r"field 'statements\.0\.text'"),
        ("fibrosis: {statements: [{text: x, source: x, checked: true}]}", r"field 'statements\.0\.checked'"),
        ("fibrosis: {statements: 3}", "concept 'fibrosis'"),
        ("nowhere: {statements: []}", "concept 'nowhere', field 'name'"),
    ],
)
def test_a_bad_statement_is_refused_with_entry_and_field(tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(KnowledgeError, match=message):
        KnowledgeBase.load([tmp_path / "bad.yaml"])


def test_a_statement_is_unreviewed_unless_it_says_otherwise():
    assert not Statement(text="It is round.", source="A book, p. 1").reviewed
