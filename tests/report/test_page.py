"""The page of an evaluation: its three forms have the same content, and none names a patient."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import pytest

from eval_fakes import FINDINGS
from radz.errors import ConfigError, MissingExtraError, ScoresError
from radz.report.page import as_html, as_json, as_markdown, check_path, console_page, data_line, page_of, write
from radz.report.sections import FOR_FILES
from radz.types import RESEARCH_USE
from report_fakes import Reader, contents


def test_no_form_holds_an_identifier(whole, html):
    for text in (html, as_markdown(whole), as_json(whole)):
        assert "SECRET" not in text
        assert "test-0" not in text, "study ids of the fake corpus"
    assert "2 entries, SHA-256" in html


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
    assert "Not assessed: the scores come without calibration." in bare.text
    assert "Pixels are embedded" not in bare.text


def test_the_same_scores_give_the_same_page(whole, html):
    assert as_html(whole) == html


def test_a_file_appears_whole_or_not_at_all(whole, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError):
        write(whole, tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_the_console_shows_the_page_without_what_is_for_files(whole):
    names = [section.name for section in page_of(whole).sections]
    short, long = (console_page(whole.rows, by_finding=by_finding) for by_finding in (False, True))
    assert [section.name for section in long.sections] == [name for name in names if name not in FOR_FILES]
    assert {s.name for s in long.sections} - {s.name for s in short.sections} == {"gains", "delong"}
    assert (long.title, long.subtitle, long.notice) == (
        "brightness 01234567",
        data_line(whole.evaluation),
        RESEARCH_USE,
    )
    with pytest.raises(ScoresError, match="first row has no evaluation"):
        console_page(whole.rows[2:], by_finding=False)


def test_the_data_line_counts_studies_and_patients(whole):
    assert data_line(whole.evaluation) == "fake, split test: 80 studies of 40 patients"
    nameless = replace(whole.evaluation.provenance, corpus="", split="")
    line = data_line(replace(whole.evaluation, provenance=nameless))
    assert line.startswith("a corpus without a name, split unknown: ")


def test_a_suffix_that_names_no_format_is_refused(tmp_path):
    check_path(tmp_path / "page.HTM")
    with pytest.raises(
        ConfigError, match=r"page\.pdf does not name a format; it must end with one of \.html, \.htm, \.md"
    ):
        check_path(tmp_path / "page.pdf")
