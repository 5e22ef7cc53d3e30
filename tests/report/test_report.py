"""The page of an evaluation: what it says, in three forms, and what it must not hold."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from eval_fakes import FINDINGS, make_corpus
from radz import registry
from radz.cli import app
from radz.errors import ConfigError, MissingExtraError, ScoresError
from radz.metrics.hardest_cases import HardestCase, hardest_cases
from radz.metrics.scores_file import write_scores
from radz.report.contents import Case, Contents
from radz.report.format import number, p_value
from radz.report.page import as_html, as_json, as_markdown, write
from radz.report.plots import Whisker, forest
from radz.report.thumbnails import SIDE, as_jpeg, with_images
from radz.types import RESEARCH_USE
from report_fakes import contents, everything, scores

VOID = {"meta", "link", "img", "br"}


class Reader(HTMLParser):
    """Text, addresses and order of the elements; a wrong nesting fails."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.words, self.tags, self.addresses, self.names = [], [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        self.names += [value for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open[-1:] = [] if tag not in VOID else self.open[-1:]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title", "desc"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def whole() -> Contents:
    """Everything that a page can show."""
    base = everything()
    film = as_jpeg(np.zeros((1, 8, 8), dtype=np.float32))
    return replace(base, cases=(Case(HardestCase("SECRET-4", "effusion", True, -0.2, 0.975), film),))


@pytest.fixture(scope="module")
def html(whole) -> str:
    return as_html(whole)


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
        "Recall of finding sets 0.852 95% [0.734, 0.970] (Hoeffding); 60 films of 30 patients",
        "Refused at the stored distance: 3 of 80 films.",
        "Pixels are embedded.",
        "97.5% of the films without it score higher",
        "Oracle. Rows named oracle take the threshold that does best on these very films",
        "Thresholds: greatest f1 on split 'val' of fake, 80 studies of 40 patients.",
        "view PA",
        "source clinic",
        "A control fails. shuffled: the interval within strata does not hold 0.5.",
        "Not made, a control: it could not be made.",
        "mean 0.500 [0.450, 0.550] 0.500 [0.450, 0.550] 0.500 [0.450, 0.550] −0.900",
        "worst: paraphrases 1/9 0123abcd 0.610",
        "parameters 139.0 M",
        "FLOPs per film 25.0 G",
        "latency, median 81.2 ms",
        "uncertain over absent",
        "Gain over a_model_with_a_name in AUROC pooled",
    ):
        assert part in text, part


def test_no_form_holds_an_identifier(whole, html):
    for text in (html, as_markdown(whole), as_json(whole)):
        assert "SECRET" not in text
        assert "test-0" not in text, "study ids of the fake corpus"
    assert "2 entries, SHA-256" in html


def test_every_drawing_has_a_name_and_a_description_and_every_table_a_caption(html):
    assert html.count('role="img"') == html.count("<desc>") >= 4
    assert html.count("<table") == html.count("<caption") > 5
    assert re.search(r"<text[^>]*>effusion</text>", html), "text is text"
    assert not re.search(r"#0\d0\d0\d", html), "colours are the page's own"


def test_markdown_and_json_hold_the_same_numbers(whole, html):
    main = whole.evaluation.macro.auroc_within
    value, interval = f"{main.value:.3f}", f"[{main.interval.low:.3f}, {main.interval.high:.3f}]"
    text, record = as_markdown(whole), json.loads(as_json(whole), parse_constant=pytest.fail)
    assert f"| mean of 3 | {value} {interval} |" in text
    assert f'{value} <span class="detail">{interval}</span>' in html
    assert record["evaluation"]["macro"]["auroc_within"]["value"] == main.value
    assert record["notice"] == RESEARCH_USE
    assert set(record["curves"]["a_model_with_a_name"]) == set(FINDINGS)
    assert record["controls"]["negation"]["correlation"] == -0.9
    assert record["hardest_cases"] == [{"concept": "effusion", "missed": True, "score": -0.2, "worse_than": 0.975}]
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == html.count("<table")
    for rows in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}) == 1, rows


def test_parts_appear_only_with_their_data():
    alone = contents(others=())
    bare = Reader(as_html(alone))
    assert not {"models", "controls", "prompts", "cost", "uncertain", "cases"} & set(bare.names)
    assert {"summary", "findings", "curves", "thresholds", "calibration", "provenance"} <= set(bare.names)
    assert "Not judged: the scores come without calibration." in bare.text
    assert "Pixels are embedded" not in bare.text


@pytest.mark.parametrize(("mark", "label"), [("unseen", "Zero-shot."), ("seen", "Not zero-shot.")])
def test_only_the_unseen_is_called_zero_shot(mark, label):
    assert f"{label} 3 findings, all {mark}: " in Reader(as_html(contents(mark, others=()))).text


def test_names_from_outside_are_text_and_not_markup():
    base = contents(others=())
    row = replace(base.rows[0], uncalibrated="<script>alert(1)</script> | *x*")
    changed = replace(base, rows=(row,))
    assert "script" not in Reader(as_html(changed)).tags
    assert r"\<script\>alert(1)\</script\> \| \*x\*" in as_markdown(changed)
    drawn = forest("<b>", "a & b", {"<i>": [Whisker(0.5, 0.4, 0.6)]}, chance=0.5, label="$x^2$").svg
    assert "<title>&lt;b&gt;</title><desc>a &amp; b</desc>" in drawn
    assert re.search(r"<text[^>]*>&lt;i&gt;</text>", drawn)
    assert re.search(r"<text[^>]*>\$x\^2\$</text>", drawn)


def test_the_same_scores_give_the_same_page(whole, html):
    assert as_html(whole) == html


def test_worst_cases_by_hand():
    table = scores(count=40)
    one = table.rows[table.rows["concept"] == "effusion"]
    found = hardest_cases(table, ["effusion"], 2)
    present, absent = (one[one["presence"] == p].sort_values("score") for p in ("present", "absent"))
    assert [c.study for c in found] == [*present["study"][:2], *absent["study"][::-1][:2]]
    assert [c.missed for c in found] == [True, True, False, False]
    assert found[0].worse_than == (absent["score"] > present["score"].iloc[0]).mean()
    assert found[2].worse_than == (present["score"] < absent["score"].iloc[-1]).mean()


def test_films_are_small_and_nameless_and_an_unreadable_one_is_left_out():
    corpus = make_corpus(4, unreadable=["test-001"])
    cases = [HardestCase(s, "effusion", True, 0.0, 0.5) for s in ("test-000", "test-001", "gone", "test-000")]
    films = [case.image for case in with_images(cases, corpus)]
    assert films[0] == films[3]
    assert films[1:3] == [None, None]
    assert sorted(corpus.reads) == ["test-000", "test-001"], "each film is read once"
    image = Image.open(io.BytesIO(base64.b64decode(as_jpeg(np.ones((1, 900, 300), dtype=np.float32)))))
    assert image.size == (SIDE // 3, SIDE)
    assert image.mode == "L"
    assert not image.getexif()
    assert not image.info.get("comment")


def test_command_writes_what_the_ending_says(tmp_path, monkeypatch):
    for name in ("brightness", "other"):
        write_scores(scores(name), tmp_path / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(
        app, ["report", "brightness.parquet", "other.parquet", "--draws", "20", "--out", "a/x.md", "--out", "x.json"]
    )
    assert run.exit_code == 0, run.output
    assert json.loads((tmp_path / "x.json").read_text())["models"][0]["model"] == "other"
    assert (tmp_path / "a/x.md").read_text().startswith("# brightness 01234567")
    assert CliRunner().invoke(app, ["report", "brightness.parquet", "--draws", "20"]).exit_code == 0
    assert (tmp_path / "brightness.html").read_text().startswith("<!doctype html>")


def test_command_embeds_films_only_if_asked(tmp_path, monkeypatch):
    write_scores(scores(), tmp_path / "s.parquet")
    opened = []
    monkeypatch.setattr(
        registry, "load", lambda kind, name: lambda root, **options: opened.append(options) or make_corpus(80)
    )
    page = tmp_path / "s.html"
    arguments = ["report", str(tmp_path / "s.parquet"), "--draws", "20"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert "<img" not in page.read_text()
    run = CliRunner().invoke(app, [*arguments, "--hardest-cases", "2", "--root", str(tmp_path)])
    assert run.exit_code == 0, run.output
    assert page.read_text().count("<img") == 2 * 2 * len(FINDINGS)
    assert "holds pixels" in run.output
    assert opened[0]["split"] == "test"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "page.pdf"], r"page\.pdf .* must end with one of \.html, \.htm, \.md, \.json"),
        (["--hardest-cases", "2"], "say with --root FOLDER where the corpus is"),
    ],
)
def test_command_refuses_before_it_computes(arguments, message):
    with pytest.raises(ConfigError, match=message):
        CliRunner().invoke(app, ["report", "no-such.parquet", *arguments], catch_exceptions=False)


def test_an_absent_package_is_named_with_its_remedy(whole, monkeypatch):
    for package in ("jinja2", "matplotlib"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, package, None)
            with pytest.raises(MissingExtraError, match=rf"'{package}'.*pip install 'radz\[report\]'"):
                as_html(whole)
            assert as_markdown(whole).startswith("# brightness 01234567\n"), "Markdown needs neither of them"


def test_a_report_is_of_an_evaluated_model():
    with pytest.raises(ScoresError, match="first row has no evaluation"):
        Contents.of([], {})


def test_a_file_appears_whole_or_not_at_all(whole, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError):
        write(whole, tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_numbers_in_drawings_are_what_they_are_called():
    whiskers = {"a name with 0.12345 in it": [Whisker(0.5, 0.4, 0.6)], "x" * 40: [Whisker(0.5, 0.4, 0.6)]}
    drawn = forest("t", "d", whiskers, chance=0.5, label="0.98765").svg
    texts = re.findall(r"<text[^>]*>(.*?)</text>", drawn)
    assert {"a name with 0.12345 in it"[:23] + "…", "x" * 23 + "…", "0.98765"} <= set(texts)
    assert not re.search(r"<path[^>]*\.\d{3}", drawn), "places are rounded"


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [(-0.0004, "+", "+0.000"), (-0.0006, "", "−0.001"), (float("nan"), "+", "–"), (0.5, "+", "+0.500")],
)
def test_numbers_are_printed_with_a_true_minus_and_no_minus_zero(value, sign, text):
    assert number(value, sign=sign) == text


def test_p_values_are_never_zero():
    assert [p_value(p) for p in (0.0, 0.0009, 0.001, 0.05, float("nan"))] == ["< 0.001"] * 2 + ["0.001", "0.050", "–"]
