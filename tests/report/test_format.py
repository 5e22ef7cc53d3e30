"""Numbers, intervals, p-values and percentages as text."""

from __future__ import annotations

import math

import pytest

from radz.metrics.bootstrap import Difference, Interval
from radz.metrics.evaluation import Estimate
from radz.report.blocks import Cell
from radz.report.format import (
    bounds,
    count,
    counted,
    difference,
    estimate,
    finding_name,
    interval,
    magnitude,
    number,
    p_value,
    percent,
    plain_number,
    shortest,
    span,
    with_interval,
    without_identifiers,
    yes_or_no,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [(-0.0004, "+", "+0.000"), (-0.0006, "", "−0.001"), (float("nan"), "+", "–"), (0.5, "+", "+0.500")],
)
def test_numbers_are_printed_with_a_true_minus_and_no_minus_zero(value, sign, text):
    assert number(value, sign=sign) == text


def test_p_values_are_never_zero():
    assert [p_value(p) for p in (0.0, 0.0009, 0.001, 0.05, float("nan"))] == ["< 0.001"] * 2 + ["0.001", "0.050", "–"]


def test_estimates_and_differences_have_their_intervals():
    assert estimate(Estimate(0.6667, Interval(0.62, 0.709, 100, 0))) == Cell("0.667", "[0.620, 0.709]")
    assert difference(Difference(0.025, Interval(-0.022, 0.072, 100, 0), 0.3)) == Cell("+0.025", "[−0.022, +0.072]")
    assert estimate(Estimate(NAN, Interval(NAN, NAN, 100, 100))) == Cell("–")
    assert str(estimate(Estimate(0.5, Interval(NAN, NAN, 100, 100)))) == "0.500"
    assert with_interval(None, empty="needs weights") == Cell("needs weights")
    assert str(with_interval([0.5, 0.4, 0.6, 0.01], sign="+")) == "+0.500 [+0.400, +0.600]"
    assert bounds(Interval(0.1, 0.2, 10, 0), digits=2) == interval(0.1, 0.2, 2) == "[0.10, 0.20]"
    assert interval(None, 0.2) == interval(0.1, NAN) == ""


def test_shares_and_counts():
    assert [percent(share, 1) for share in (0.975, 0.0, 1.0, NAN, None)] == ["97.5%", "0.0%", "100.0%", "–", "–"]
    assert [count(1495), counted(1, "study", "studies"), counted(2000, "draw")] == ["1,495", "1 study", "2,000 draws"]
    assert [magnitude(value) for value in (0, 950, 1500, 139e6, 2.5e10)] == ["0", "950", "1.5 k", "139.0 M", "25.0 G"]
    assert [shortest(value) for value in (1.0, 0.5, -2.25, NAN)] == ["1", "0.5", "−2.25", "–"]
    assert [span([3, 3]), span([15, 12]), span([0.51, 0.49], digits=2)] == ["3", "12 to 15", "0.49 to 0.51"]
    assert [yes_or_no(value) for value in (True, False, None)] == ["yes", "no", ""]
    assert plain_number(-0.01234567) == "-0.0123457"
    assert finding_name("pleural_thickening") == "pleural thickening"


def test_lists_and_paths_become_hashes():
    options = {"columns": {"patient": "id"}, "images": ["p1.png", "p2.png"], "root": "/data/p1", "limit": 5}
    shown = without_identifiers(options)
    assert shown["columns.patient"] == "id"
    assert shown["limit"] == "5"
    assert shown["images"].startswith("2 entries, SHA-256 ")
    assert shown["root"].startswith("a path, SHA-256 ")
    assert "p1" not in " ".join(shown.values())
