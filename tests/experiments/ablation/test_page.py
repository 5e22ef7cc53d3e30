"""The page of a record: its tables, and which of them appear."""

from __future__ import annotations

import pytest

from ablation_fakes import COMPONENTS, arm, record, runs_of
from radz.experiments.ablation.page import arms_table, findings_table, groups_table, page_of, runs_table, summary_page
from radz.experiments.ablation.plan import load_ablation
from radz.experiments.ablation.record import record_of
from radz.report import html, markdown


def texts(row) -> list[str]:
    return [str(cell) for cell in row.cells]


def test_arms_have_their_mean_their_difference_and_their_claim():
    base, _, dkam, both = arms_table(COMPONENTS).rows
    assert texts(base) == ["base", "3 of 3", "0.550 [0.520, 0.580]", "", "", "one seed", ""]
    assert texts(dkam)[3:5] == ["+0.070 [−0.010, +0.120]", "0.060"]
    assert texts(both)[:2] == ["both", "2 of 3"]
    claimed = record("components", base=arm(0.5) | {"claim": 63.2, "seed_sd": 0.0123})
    assert texts(arms_table(claimed).rows[0])[5:] == ["0.012", "63.2"]


def test_groups_and_findings_have_a_column_per_finished_arm():
    groups, findings = groups_table(COMPONENTS), findings_table(COMPONENTS)
    assert [column.name for column in groups.columns] == ["group", "base", "DFAT only", "DKAM only", "both"]
    assert texts(groups.rows[0])[:2] == ["neoplastic", "0.550 [0.500, 0.600]"]
    assert [column.name for column in findings.columns][:2] == ["finding", "positives"]
    assert texts(findings.rows[0])[:2] == ["mass", "40"]


def test_runs_have_a_column_per_cell_and_unfinished_ones_are_empty():
    table = runs_table(record("x", base=arm(0.6) | {"cells": {"seed 0, fold 2/3": 0.61}}))
    assert [column.name for column in table.columns] == [
        "arm",
        "seed 0, fold 1/3",
        "seed 0, fold 2/3",
        "seed 0, fold 3/3",
    ]
    assert texts(table.rows[0]) == ["base", "", "0.610", ""]


def test_a_page_without_runs_is_empty_and_says_so(folder, tmp_path):
    unfinished = record_of(load_ablation(folder / "plan.yaml"), runs_of(folder, tmp_path)[1])
    assert texts(arms_table(unfinished).rows[0]) == ["base", "0 of 2", "", "", "", "", "63.2"]
    page = page_of(unfinished)
    assert [section.name for section in page.sections] == ["arms", "runs"]
    assert "Nothing has been run yet." in markdown.render(page)


def test_a_page_of_finished_runs_is_written_as_markdown_and_html(folder, finished):
    record = record_of(load_ablation(folder / "plan.yaml"), runs_of(folder, finished)[1], draws=20)
    page = page_of(record)
    text = markdown.render(page)
    assert "label-text supervised" in text
    assert "None of it is a zero-shot result" in text
    assert "the stage that arms start from took" in text
    pytest.importorskip("jinja2")
    document = html.render(page)
    assert all(f'id="{name}"' in document for name in ("arms", "by-finding", "runs"))
    assert '<p class="kind">Ablation</p>' in document


def test_the_console_shows_the_arms_alone():
    assert [section.name for section in summary_page(COMPONENTS).sections] == ["arms"]
