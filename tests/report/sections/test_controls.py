"""Shortcut controls, and a warning where one fails."""

from __future__ import annotations

from dataclasses import replace

from radz.eval.controls import Controls
from radz.report.blocks import Callout, Prose
from radz.report.sections.controls import section
from report_fakes import contents, row_of, tables


def test_a_control_that_fails_is_called_out(whole):
    shown = section(whole)
    (callout,) = [block for block in shown.blocks if isinstance(block, Callout)]
    assert callout.label == "A control fails"
    assert callout.text.startswith("shuffled: ")
    table = tables(shown)["Without the image"]
    assert (row_of(table, "blank")[-1], row_of(table, "shuffled")[-1]) == ("yes", "no")


def test_negation_and_probe_have_their_tables(whole):
    shown = tables(section(whole))
    assert row_of(shown["Negated prompts"], "effusion")[1:] == ["0.700", "0.300", "0.720", "−0.900"]
    assert row_of(shown["What features reveal of an image's origin"], "source ward")[-1] == "40"


def test_a_control_that_was_not_made_says_why(whole):
    assert Prose("Not made, a control: it could not be made.") in section(whole).blocks


def test_without_controls_there_is_no_section(whole):
    assert section(contents()) is None
    empty = replace(whole.rows[0], controls=Controls((), None, (), {}))
    assert section(replace(whole, rows=(empty,))) is None
