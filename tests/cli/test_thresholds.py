"""``radz thresholds``: validation scores in, a file of thresholds out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from eval_fakes import Brightness, make_anchors, make_corpus, score_corpus
from radz.cli import app
from radz.errors import LeakageError
from radz.metrics.scores_file import write_scores


def scores(path, split):
    table = score_corpus(Brightness(), make_corpus(80, split), make_anchors())
    write_scores(replace(table, provenance=replace(table.provenance, split=split, corpus="fake")), path)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["thresholds", *map(str, arguments)], catch_exceptions=False)


def test_thresholds_of_validation_scores_are_written_and_named(tmp_path):
    done = run(scores(tmp_path / "val.parquet", "val"), "--rule", "youden", "--out", tmp_path / "t.json")
    assert done.exit_code == 0
    assert f"thresholds of 3 findings by youden, 80 studies: {tmp_path / 't.json'}" in done.stderr
    content = json.loads((tmp_path / "t.json").read_text())
    assert (content["rule"], content["split"], len(content["values"])) == ("youden", "val", 3)


def test_scores_of_another_split_are_refused(tmp_path):
    with pytest.raises(LeakageError, match="'test'"):
        run(scores(tmp_path / "test.parquet", "test"), "--out", tmp_path / "t.json")
    assert not (tmp_path / "t.json").exists()
