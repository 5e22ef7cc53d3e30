"""The few numbers, and whether they may be called zero-shot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from radz.report.blocks import Callout, Numbers, Prose
from radz.report.sections.summary import section
from report_fakes import contents


def blocks(page) -> dict[type, object]:
    return {type(block): block for block in section(page).blocks}


def verdict(page, **changed) -> Callout:
    evaluation = page.evaluation
    provenance = replace(evaluation.provenance, **changed)
    row = replace(page.rows[0], evaluation=replace(evaluation, provenance=provenance))
    return blocks(replace(page, rows=(row, *page.rows[1:])))[Callout]


def test_numbers_are_those_of_the_evaluation(whole):
    numbers = {number.label: number for number in blocks(whole)[Numbers].numbers}
    main = whole.evaluation.macro.auroc_within
    assert numbers["AUROC within strata"].value == f"{main.value:.3f}"
    assert f"95% [{main.interval.low:.3f}, " in numbers["AUROC within strata"].detail
    assert (numbers["Studies"].value, numbers["Studies"].detail) == ("80", "of 40 patients, 3 findings scored")
    gain = whole.rows[1].comparison.auroc_within
    assert f"p = {gain.p_value:.3f}" in numbers["Gain over a_model_with_a_name"].detail


@pytest.mark.parametrize(
    ("mark", "changed", "label"),
    [
        ("unseen", {}, "Zero-shot"),
        ("unseen", {"overlap": ("3 of 80 studies show an image that was trained on",)}, "Not zero-shot"),
        ("seen", {}, "Not zero-shot"),
        ("unseen", {"claim": "supervised"}, "Supervised"),
    ],
)
def test_the_label_follows_exposure_overlap_and_claim(mark, changed, label):
    callout = verdict(contents(mark, others=()), **changed)
    assert callout.label == label
    for line in changed.get("overlap", ()):
        assert line in callout.text


def test_a_result_with_one_unseen_finding_is_zero_shot_in_part():
    page = contents("unseen", others=())
    marks = dict(page.evaluation.provenance.exposure) | {"effusion": "supervised"}
    assert verdict(page, exposure=marks).label == "Zero-shot in part"


def test_without_strata_both_numbers_are_the_same(whole):
    evaluation = replace(whole.evaluation, provenance=replace(whole.evaluation.provenance, strata=()))
    page = replace(whole, rows=(replace(whole.rows[0], evaluation=evaluation),))
    assert "all images form one stratum" in blocks(page)[Prose].text
