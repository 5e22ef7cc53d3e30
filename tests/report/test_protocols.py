"""Tables of a protocol: sets under each strategy, findings, and shares of the labels."""

from __future__ import annotations

from radz.metrics.summary import compare, summarise
from radz.report.format import difference, estimate
from radz.report.protocols import Share, findings_table, sets_table, shares_table
from report_fakes import row_of, scores

NAMES, RULES = scores("names", "unseen"), scores("rules", "unseen", noise=0.3)
GROUPS = {"a": {"names": NAMES, "rules": RULES}}


def test_a_set_has_its_mean_under_each_strategy_and_the_gain_over_the_first():
    table = sets_table(GROUPS, whole=True, draws=20, seed=0)
    cells = row_of(table, "a")
    assert cells[1:3] == ["80", "3"]
    assert str(estimate(summarise(NAMES, draws=20).macro.auroc_within)) in cells
    assert str(difference(compare(RULES, NAMES, draws=20).auroc_within)) in cells
    assert len(table.rows) == 1, "one set needs no row over all"


def test_findings_have_their_exposure_and_a_column_per_strategy():
    table = findings_table(GROUPS, draws=20, seed=0)
    assert [column.name for column in table.columns][:3] == ["set", "finding", "exposure"]
    assert {row.cells[2].text for row in table.rows} == {"unseen"}
    assert len(table.rows) == 3


def test_shares_start_from_the_anchors_without_labels():
    share = Share(10.0, (4, 5), (8, 9), (0, 1), (NAMES, RULES))
    table = shares_table({"x": (NAMES, [share])}, draws=20, seed=0)
    bare, ten = ([cell.text for cell in row.cells] for row in table.rows)
    assert bare[:4] == ["x", "0, anchors names", "0", "0"]
    assert ten[1:4] == ["10", "4 to 5", "8 to 9"]
    assert ten[-1] == "0 to 1"
