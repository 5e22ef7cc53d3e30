"""Hardest cases, with their images where they were asked for."""

from __future__ import annotations

from dataclasses import replace

from radz.metrics.hardest_cases import HardestCase
from radz.report.blocks import Callout, Thumbnails
from radz.report.contents import Case
from radz.report.sections.cases import section
from report_fakes import tables, texts

MISSED = HardestCase("SECRET", "effusion", True, -0.2, 0.975)
ALARM = HardestCase("SECRET", "effusion", False, 0.4, 0.5)


def test_a_case_says_its_error_score_and_position(whole):
    (table,) = tables(section(replace(whole, cases=(Case(MISSED, None), Case(ALARM, None))))).values()
    assert [texts(row) for row in table.rows] == [
        ["effusion", "missed", "−0.2000", "97.5% of the images without it score higher"],
        ["effusion", "false alarm", "+0.4000", "50.0% of the images with it score lower"],
    ]


def test_images_come_with_a_warning_and_without_them_there_is_none(whole):
    kinds = [type(block) for block in section(replace(whole, cases=(Case(MISSED, "abcd"),))).blocks]
    assert kinds[:2] == [Callout, Thumbnails]
    bare = section(replace(whole, cases=(Case(MISSED, None),)))
    assert not {Callout, Thumbnails} & {type(block) for block in bare.blocks}


def test_without_cases_there_is_no_section(whole):
    assert section(replace(whole, cases=())) is None
