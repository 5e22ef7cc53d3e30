"""``radz protocol`` prints its page and says where the scores are."""

from __future__ import annotations

import pytest
import yaml
from typer.testing import CliRunner

from radz.cli import app
from radz.errors import UnknownNameError


@pytest.fixture
def plan(tmp_path, labelled_images):
    images = {"corpus": "manifest", "root": str(labelled_images), "options": {"unlisted": "absent"}}
    tree = {"title": "Masses", "kind": "zero_shot", "films": {"here": {**images, "findings": ["mass"]}}}
    path = tmp_path / "masses.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["protocol", *map(str, arguments)], catch_exceptions=False)


def test_the_page_is_printed_and_written(plan, tiny_checkpoint, tmp_path):
    done = run(plan, "--model", tiny_checkpoint, "--output", tmp_path / "out", "--draws", "20")
    assert done.exit_code == 0
    assert "Masses" in done.stdout
    assert "zero-shot" in done.stdout
    scores = tmp_path / "out" / "masses" / "here.names.parquet"
    assert scores.is_file()
    assert f"scores: {scores}" in done.stderr
    assert (tmp_path / "out" / "masses" / "page.md").read_text().startswith("# Masses")


def test_an_unknown_kind_is_answered_with_the_nearest(plan, tiny_checkpoint):
    with pytest.raises(UnknownNameError, match="Did you mean 'zero_shot'"):
        run(plan, "--model", tiny_checkpoint, "--set", "kind=zeroshot")
