"""``radz data``: corpora listed, described, checked, made up and mapped."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from radz import registry
from radz.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_every_corpus_is_listed_with_its_terms():
    record = json.loads(run("list", "--format", "json").stdout)
    assert set(record) == set(registry.names("corpora"))
    assert all(entry["title"] and entry["obtain"] and entry["terms"] for entry in record.values())


def test_images_missing_from_an_official_layout_are_told_with_where_to_obtain_them(tmp_path):
    plugin = registry.load("corpora", "chestxray14")
    next(plugin.fake(tmp_path).rglob("*.png")).unlink()
    result = run("check", tmp_path, "--corpus", "chestxray14")
    assert result.exit_code == 1
    assert "images missing: 1" in result.stdout
    assert plugin.about.obtain in result.stdout
    assert plugin.about.terms in result.stdout


def test_a_made_up_corpus_may_go_into_a_new_folder(tmp_path):
    assert run("fake", "open_i", tmp_path / "new" / "in").exit_code == 0


def test_a_map_is_printed_as_a_table_and_as_json():
    record = json.loads(run("map", "chestxray14", "siim", "--format", "json").stdout)
    assert record["shared"] == [
        {"label": "Pneumothorax", "concept": "pneumothorax", "relation": "exact", "others": ["Pneumothorax"]}
    ]
    assert len(record["left_out"]) == 14
    table = run("map", "chestxray14", "siim").stdout
    assert "left out of chestxray14: No Finding" in table
    assert "share no label" in run("map", "siim", "rsna").stdout


def test_an_unknown_corpus_is_answered_with_the_nearest(tmp_path):
    refused = run("describe", tmp_path, "--corpus", "chestxray")
    assert "Did you mean 'chestxray14'" in str(refused.exception)
