"""Averages by disease group and by group of studies."""

from __future__ import annotations

from dataclasses import replace

from radz.report.format import estimate
from radz.report.sections.groups import section
from report_fakes import row_of, tables


def test_disease_groups_name_their_findings(whole):
    group = next(g for g in whole.evaluation.groups if g.group == "other")
    cells = row_of(tables(section(whole))["Disease groups"], "other")
    assert cells[1] == str(estimate(group.auroc_within))
    assert (cells[-3], cells[-1]) == ("2 of 2", "effusion, pneumothorax")


def test_groups_of_studies_are_next_to_everyone(whole):
    group = next(g for g in whole.evaluation.study_groups if (g.kind, g.group) == ("view", "PA"))
    cells = row_of(tables(section(whole))["Groups of studies"], "view PA")
    assert cells[1:3] == [str(estimate(group.auroc_within)), f"{group.everyone:.3f}"]
    assert cells[-4:] == [str(n) for n in (group.studies, group.patients, group.positives, len(group.concepts))]


def test_without_groups_there_is_no_section(whole):
    row = replace(whole.rows[0], evaluation=replace(whole.evaluation, groups=(), study_groups=()))
    assert section(replace(whole, rows=(row,))) is None
