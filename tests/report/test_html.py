"""HTML: one file that needs nothing else, legible without eyes, and safe against names from outside."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

from radz.errors import MissingExtraError
from radz.report.page import as_html, as_markdown
from radz.types import RESEARCH_USE
from report_fakes import Reader, contents


def test_page_needs_nothing_but_itself(html):
    page = Reader(html)
    assert not {"script", "iframe", "object", "form"} & set(page.tags)
    for address in page.addresses:
        assert re.match(r"#|data:(image/jpeg;base64,[\w+/=]+)?,?$", address), address
    assert {a[1:] for a in page.addresses if a.startswith("#")} <= set(page.names), "an address leads nowhere"
    assert len(page.names) == len(set(page.names)), "an id stands twice"
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html


def test_page_says_what_a_reader_must_know(html):
    text = Reader(html).text
    for part in (
        RESEARCH_USE,
        "Not zero-shot. 3 findings, all supervised: not a zero-shot result. Here supervised means that the model",
        "brightness 01234567",
        "fake, split test",
        "of 40 patients",
        "40 draws of patients, seed 0",
        "hash of the split 5911ad5b",
        "images that could not be read 1",
        "seed of scoring 7",
        "option where.view PA",
        "python " + ".".join(map(str, sys.version_info[:3])),
        "This corpus has no train split.",
        "Recall of finding sets 0.852 95% [0.734, 0.970] (Hoeffding); 60 images of 30 patients",
        "Refused at the stored distance: 3 of 80 images.",
        "Pixels are embedded.",
        "97.5% of the images without it score higher",
        "Oracle. Rows named oracle take the threshold that does best on these very images",
        "Thresholds: greatest f1 on split 'val' of fake, 80 studies of 40 patients.",
        "view PA",
        "source clinic",
        "A control fails. shuffled: the interval within strata does not contain 0.5.",
        "Not made, a control: it could not be made.",
        "mean 0.500 [0.450, 0.550] 0.500 [0.450, 0.550] 0.500 [0.450, 0.550] −0.900",
        "worst: paraphrases 1/9 0123abcd 0.610",
        "parameters 139.0 M",
        "FLOPs per image 25.0 G",
        "latency, median 81.2 ms",
        "uncertain over absent",
        "Gain over a_model_with_a_name in AUROC pooled",
    ):
        assert part in text, part


def test_every_drawing_has_a_name_and_a_description_and_every_table_a_caption(html):
    assert html.count('role="img"') == html.count("<desc>") >= 4
    assert html.count("<table") == html.count("<caption") > 5
    assert re.search(r"<text[^>]*>effusion</text>", html), "text is text"
    assert not re.search(r"#0\d0\d0\d", html), "colours are the page's own"


@pytest.mark.parametrize(("mark", "label"), [("unseen", "Zero-shot."), ("seen", "Not zero-shot.")])
def test_only_the_unseen_is_called_zero_shot(mark, label):
    assert f"{label} 3 findings, all {mark}: " in Reader(as_html(contents(mark, others=()))).text


def test_names_from_outside_are_text_and_not_markup():
    base = contents(others=())
    row = replace(base.rows[0], uncalibrated="<script>alert(1)</script> | *x*")
    assert "script" not in Reader(as_html(replace(base, rows=(row,)))).tags


def test_an_absent_package_is_named_with_its_remedy(whole, monkeypatch):
    for package in ("jinja2", "matplotlib"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, package, None)
            with pytest.raises(MissingExtraError, match=rf"'{package}'.*pip install 'radz\[report\]'"):
                as_html(whole)
            assert as_markdown(whole).startswith("# brightness 01234567\n"), "Markdown needs neither of them"
