"""``radz findings``: what ``--finding`` can name."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from radz.cli import app
from radz.knowledge import KnowledgeBase

KNOWLEDGE = KnowledgeBase.load()


def run(*arguments):
    return CliRunner().invoke(app, ["findings", *map(str, arguments)])


def test_all_are_listed_and_counted():
    listed = json.loads(run("--format", "json").stdout)
    assert [entry["id"] for entry in listed] == [concept.id for concept in KNOWLEDGE]
    assert f"{len(KNOWLEDGE)} concepts" in run().stdout


def test_part_of_a_name_in_any_language_selects():
    ids = [entry["id"] for entry in json.loads(run("derrame pleural", "--format", "json").stdout)]
    assert "effusion" in ids
    assert len(ids) < 10


def test_a_users_file_adds_findings(tmp_path):
    (tmp_path / "mine.yaml").write_text("silicosis: {name: silicosis, appearance: [small round opacities]}\n")
    (entry,) = json.loads(run("silicosis", "--findings-file", tmp_path / "mine.yaml", "--format", "json").stdout)
    assert (entry["id"], entry["source"]) == ("silicosis", "unreviewed")
