"""Markdown: marks in names are text, and every block has its form."""

from __future__ import annotations

import pytest

from radz.report.blocks import (
    Callout,
    Cell,
    Figure,
    Gallery,
    Number,
    Numbers,
    Page,
    Prose,
    Section,
    Thumbnail,
    Thumbnails,
    row,
    table,
)
from radz.report.markdown import escape, render, render_block, render_rows

TABLE = table("Values", ("finding", "AUROC", "note"), [row("a|b", Cell("0.5", "[0.4, 0.6]"), "x")], words={"note"})


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script> | *x* `y` \\", r"\<script\> \| \*x\* \`y\` \\"),
        ("a_model_with_a_name", "a_model_with_a_name"),
        ("_x_ and y_", r"\_x\_ and y\_"),
        ("0.5 [0.4, 0.6]", "0.5 [0.4, 0.6]"),
        ("[a](b) [c]: d", r"[a\](b) [c\]: d"),
    ],
)
def test_marks_are_escaped_only_where_they_would_be_marks(text, escaped):
    assert escape(text) == escaped


def test_a_table_aligns_words_left_and_numbers_right():
    assert render_rows(TABLE).splitlines() == [
        "| finding | AUROC | note |",
        "| --- | ---: | --- |",
        r"| a\|b | 0.5 [0.4, 0.6] | x |",
    ]
    noted = table("Values", ("finding",), [row("a")], notes=("first", "second"))
    assert render_block(noted).splitlines()[-2:] == ["- first", "- second"]


def test_each_block_has_its_form():
    assert render_block(Prose("a * b")) == r"a \* b"
    assert render_block(Callout("Oracle", "No result.")) == "> **Oracle.** No result."
    numbers = Numbers((Number("Studies", "80", "of 40"), Number("Findings", "3")))
    assert render_block(numbers) == "- Studies: **80** (of 40)\n- Findings: **3**"
    assert render_block(Gallery((Figure("Curve", "It rises.", str),))) == "- *Curve.* It rises."
    images = Thumbnails("effusion", (Thumbnail("abcd", "", ""),) * 2)
    assert render_block(images) == "The HTML page shows 2 images of effusion."


def test_a_page_has_its_notice_before_its_sections():
    page = Page("Model", "data", "Research use only.", (Section("a", "Part", (Prose("Text."),)),))
    assert render(page) == "# Model\n\ndata\n\n**Research use only.**\n\n## Part\n\nText.\n"
    bare = Page("Model", "", "Research use only.", ())
    assert render(bare) == "# Model\n\n**Research use only.**\n"
