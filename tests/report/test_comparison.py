"""The page of ``radz compare``."""

from __future__ import annotations

import pytest

from radz.errors import ScoresError
from radz.eval.cost import Cost
from radz.report.blocks import Prose
from radz.report.comparison import comparison_page
from report_fakes import row_of, tables

FAST = Cost("brightness", 1000, 1000, 0, 2_000_000, 100.0, 10.0, 1.5, 2.5, 600.0, 20, 16, 3, "cpu", 1, "a machine")


def test_quality_cost_and_exposure_are_its_sections(whole):
    page = comparison_page(whole.rows, [FAST])
    assert page.title == "brightness compared with 2 other models"
    assert page.subtitle == "fake, split test: 80 studies of 40 patients"
    quality, cost, exposure = page.sections
    assert row_of(tables(quality)["Means over findings"], "brightness")[1].startswith("0.")
    assert whole.evaluation.protocol_hash in quality.blocks[-1].text
    assert row_of(tables(cost)["What scoring costs"], "latency, 95th percentile")[1] == "2.5 ms"
    assert exposure.blocks[0] == Prose("brightness: 3 findings, all supervised: not a zero-shot result.")


def test_without_costs_there_is_no_section_of_them(whole):
    assert [section.name for section in comparison_page(whole.rows, []).sections] == ["models", "exposure"]
    with pytest.raises(ScoresError, match="first row has no evaluation"):
        comparison_page(whole.rows[2:], [])
