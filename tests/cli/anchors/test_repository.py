"""The commands that build and show anchors."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from anchor_fakes import CONCEPTS, save_two
from radz.cli import app
from radz.errors import UnknownNameError
from radz.model.checkpoint import save_checkpoint
from radz.provenance import Provenance
from tiny import tiny_model


def command(*arguments):
    return CliRunner().invoke(app, ["anchors", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def checkpoint(llava_dir, tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    save_checkpoint(
        tiny_model(llava_dir), directory, Provenance(corpus="chestxray14", split="train", supervised={"mass": 1})
    )
    return directory


def test_commands_build_and_show(checkpoint, tmp_path):
    built = command(
        "build", "--model", checkpoint, "--finding", "mass", "--finding", "x: a ring", "--out", tmp_path / "a"
    )
    assert built.exit_code == 0, built.output
    assert "anchors of 2 findings" in built.stderr
    shown = command("show", tmp_path / "a").stdout
    assert f"There is {CONCEPTS[0].name}." in shown
    assert "given by the user" in shown
    alone = command("show", tmp_path / "a", "x").stdout
    assert "There is x." in alone
    assert CONCEPTS[0].name not in alone


def test_a_finding_that_a_directory_does_not_hold_is_refused(tmp_path):
    save_two(tmp_path / "a", denials=True)
    done = command("show", tmp_path / "a", "mas")
    assert isinstance(done.exception, UnknownNameError)
    assert "Did you mean 'mass'" in str(done.exception)
