"""Curves, and their readings in numbers."""

from __future__ import annotations

from dataclasses import replace

from radz.metrics.curves import FALSE_POSITIVE_RATES
from radz.report.blocks import Gallery
from radz.report.sections.curves import section
from report_fakes import row_of, tables


def test_readings_are_those_of_the_evaluated_model(whole):
    curves = whole.curves["brightness"]["effusion"]
    cells = row_of(tables(section(whole))["The curves in numbers"], "effusion")
    assert cells[1] == str(curves.positives)
    sensitivities = cells[2 : 2 + len(FALSE_POSITIVE_RATES)]
    assert sensitivities == [f"{value:.2f}" for value in curves.sensitivities]


def test_a_drawing_per_finding_has_a_line_per_model(whole):
    (gallery,) = [block for block in section(whole).blocks if isinstance(block, Gallery)]
    assert len(gallery.figures) == len(whole.curves["brightness"])
    assert gallery.key == {"brightness": 1, "a_model_with_a_name": 2}


def test_without_curves_there_is_no_section(whole):
    assert section(replace(whole, curves={})) is None
