"""What commands write on standard error."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from radz.cli.console import list_files, list_unreadable, progress_bar, say


def test_lines_are_neither_wrapped_nor_read_as_markup(capsys):
    say("[bold]" + "x" * 300)
    captured = capsys.readouterr()
    assert captured.err == "[bold]" + "x" * 300 + "\n"
    assert captured.out == ""


def test_unreadable_images_are_listed_and_the_exit_code_is_one(capsys):
    list_unreadable({})
    assert capsys.readouterr().err == ""
    with pytest.raises(typer.Exit) as stop:
        list_unreadable({"s1": "cut short"})
    assert stop.value.exit_code == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["unreadable: s1: cut short", "1 image(s) could not be read and are not in the result."]


def test_places_of_scores_are_named(capsys):
    list_files({"radz": Path("a.parquet"), "chance": Path("b.parquet")})
    assert capsys.readouterr().err == "scores: a.parquet\nscores: b.parquet\n"


def test_a_bar_takes_counts_and_leaves_nothing_behind(capsys):
    with progress_bar("Scoring", 3) as advance:
        for _ in range(3):
            advance(1)
    assert capsys.readouterr().out == ""
