"""``radz report``: scores in, a page in the format of each file's suffix out."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from eval_fakes import FINDINGS, make_corpus
from radz import registry
from radz.cli import app
from radz.errors import ConfigError
from radz.metrics.scores_file import write_scores
from report_fakes import scores


def test_command_writes_what_the_ending_says(tmp_path, monkeypatch):
    for name in ("brightness", "other"):
        write_scores(scores(name), tmp_path / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(
        app, ["report", "brightness.parquet", "other.parquet", "--draws", "20", "--out", "a/x.md", "--out", "x.json"]
    )
    assert run.exit_code == 0, run.output
    assert json.loads((tmp_path / "x.json").read_text())["models"][0]["model"] == "other"
    assert (tmp_path / "a/x.md").read_text().startswith("# brightness 01234567")
    assert CliRunner().invoke(app, ["report", "brightness.parquet", "--draws", "20"]).exit_code == 0
    assert (tmp_path / "brightness.html").read_text().startswith("<!doctype html>")


def test_command_embeds_films_only_if_asked(tmp_path, monkeypatch):
    write_scores(scores(), tmp_path / "s.parquet")
    opened = []
    monkeypatch.setattr(
        registry, "load", lambda kind, name: lambda root, **options: opened.append(options) or make_corpus(80)
    )
    page = tmp_path / "s.html"
    arguments = ["report", str(tmp_path / "s.parquet"), "--draws", "20"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert "<img" not in page.read_text()
    run = CliRunner().invoke(app, [*arguments, "--hardest-cases", "2", "--root", str(tmp_path)])
    assert run.exit_code == 0, run.output
    assert page.read_text().count("<img") == 2 * 2 * len(FINDINGS)
    assert "holds pixels" in run.output
    assert opened[0]["split"] == "test"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "page.pdf"], r"page\.pdf .* must end with one of \.html, \.htm, \.md, \.json"),
        (["--hardest-cases", "2"], "say with --root FOLDER where the corpus is"),
    ],
)
def test_command_refuses_before_it_computes(arguments, message):
    with pytest.raises(ConfigError, match=message):
        CliRunner().invoke(app, ["report", "no-such.parquet", *arguments], catch_exceptions=False)
