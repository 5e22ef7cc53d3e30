"""Drawings: text stays text, and nothing is drawn before it is asked for."""

from __future__ import annotations

import re
import sys

from radz.metrics.bootstrap import Interval
from radz.metrics.evaluation import Estimate
from radz.report.plots import DASHES, Line, Whisker, diagram, forest, path, roc_and_precision


def test_numbers_in_drawings_are_what_they_are_called():
    whiskers = {"a name with 0.12345 in it": [Whisker(0.5, 0.4, 0.6)], "x" * 40: [Whisker(0.5, 0.4, 0.6)]}
    drawn = forest("t", "d", whiskers, chance=0.5, label="0.98765").svg
    texts = re.findall(r"<text[^>]*>(.*?)</text>", drawn)
    assert {"a name with 0.12345 in it"[:23] + "…", "x" * 23 + "…", "0.98765"} <= set(texts)
    assert not re.search(r"<path[^>]*\.\d{3}", drawn), "places are rounded"


def test_names_in_drawings_are_text_and_not_markup():
    drawn = forest("<b>", "a & b", {"<i>": [Whisker(0.5, 0.4, 0.6)]}, chance=0.5, label="$x^2$").svg
    assert "<title>&lt;b&gt;</title><desc>a &amp; b</desc>" in drawn
    assert re.search(r"<text[^>]*>&lt;i&gt;</text>", drawn)
    assert re.search(r"<text[^>]*>\$x\^2\$</text>", drawn)


def test_a_drawing_is_made_on_demand(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    figure = forest("title", "in words", {"a": [Whisker(0.5, 0.4, 0.6)]}, chance=0.5, label="x")
    assert (figure.title, figure.description) == ("title", "in words")


def test_a_whisker_is_an_estimate_with_its_bounds():
    assert Whisker.of(Estimate(0.6, Interval(0.5, 0.7, 100, 0)), style=2) == Whisker(0.6, 0.5, 0.7, 2)


def test_each_kind_of_drawing_is_an_svg_in_the_colours_of_the_page():
    line = Line([0.0, 1.0], [0.0, 1.0])
    figures = (
        roc_and_precision("a", "b", [line], [line], 0.3),
        diagram("a", "b", [(0.2, Whisker(0.2, 0.1, 0.3))], ["n=5"], ("x", "y")),
        path("a", "b", [line], ("x", "y"), 0.5),
    )
    for figure in figures:
        assert figure.svg.startswith("<svg")
        assert "<title>a</title><desc>b</desc>" in figure.svg
        assert "var(--line-1)" in figure.svg
        assert not re.search(r"#0\d0\d0\d", figure.svg)
    assert len(DASHES) == 4
