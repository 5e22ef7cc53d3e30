"""Rankings within a study, beside the constant list and a random order."""

from __future__ import annotations

from dataclasses import replace

from radz.report.blocks import Prose
from radz.report.sections.image_ranking import section
from report_fakes import rankings, row_of, scores, tables


def with_ranking(whole, ranking):
    return replace(whole, rows=(replace(whole.rows[0], ranking=ranking),))


def test_every_ranking_has_its_values_and_its_gain(whole):
    shown = tables(section(whole))
    ranked = whole.rows[0].ranking
    value = ranked.rankings[0].estimates["hit_1"]
    row = row_of(shown["Ranking within a study"], "raw score")
    assert row[1].startswith(f"{value.value:.3f} [")
    assert [each.cells[0].text for each in shown["Ranking within a study"].rows] == [
        "raw score",
        "constant list",
        "random order",
    ]
    gains = [each.cells[0].text for each in shown["Gain over the constant list"].rows]
    assert gains == ["raw score", "random order"]


def test_the_page_says_what_was_ranked_and_whose_frequency_orders_the_list(whole):
    part = section(whole)
    ranked = whole.rows[0].ranking
    (counts,) = [block.text for block in part.blocks if isinstance(block, Prose)]
    assert counts.startswith(f"3 findings ranked in {ranked.studies} studies of {ranked.patients} patients")
    notes = tables(part)["Ranking within a study"].notes
    assert notes[-1] == ("Constant list, by frequency (labels of a training): effusion, cardiomegaly, pneumothorax.")


def test_without_frequencies_the_reason_stands_in_place_of_the_gains(whole):
    part = section(with_ranking(whole, rankings(scores(), {})))
    assert list(tables(part)) == ["Ranking within a study"]
    assert tables(part)["Ranking within a study"].notes[-1] == "No constant list: labels of a training."


def test_there_is_no_section_without_a_ranking(whole):
    assert section(with_ranking(whole, None)) is None
