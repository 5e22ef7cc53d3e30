"""``radz anchors nearest``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import radz
from radz.cli import app


@pytest.fixture
def saved(tiny_checkpoint, tmp_path):
    radz.load(tiny_checkpoint).save_anchors(tmp_path / "a", ["mass", "pneumonia", "x: a ring, as in a mass"])
    return tmp_path / "a"


def nearest(checkpoint, directory, *arguments):
    command = ["anchors", "nearest", *arguments, "--to", str(directory), "--model", str(checkpoint)]
    return CliRunner().invoke(app, command, env={"COLUMNS": "200"}).stdout


def test_the_nearest_are_shown_as_json_and_as_a_table(tiny_checkpoint, saved):
    shown = json.loads(nearest(tiny_checkpoint, saved, "x: a ring", "--top", "1", "--format", "json"))
    assert (shown["concept"], len(shown["neighbours"])) == ("x", 1)
    assert shown["notice"].startswith("Research use only")
    table = nearest(tiny_checkpoint, saved, "mass", "--top", "1")
    assert "nearest to mass, anchors 'names'" in table


def test_a_query_that_is_no_name_is_read_as_text(tiny_checkpoint, saved):
    assert "the text 'ring', which is not a known name" in nearest(tiny_checkpoint, saved, "ring")
