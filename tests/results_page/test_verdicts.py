"""Which claims held, by the intervals of the records."""

from __future__ import annotations

from ablation_fakes import COMPONENTS, arm, record
from published import Published
from verdicts import gains_table, reading

PUBLISHED = Published.read()
WORSE = record("tokens", generic=arm(0.6), adaptive=arm(0.5, [-0.1, -0.2, -0.05, 0.01]))


def test_each_claimed_gain_is_shown_with_our_gain_and_the_outcome():
    """Claimed of components: 78.4 - 63.2 = 15.2, of tokens 78.4 - 71.4 = 7.0; rules and hybrid differ by 6.3."""
    within = record("anchors", rules=arm(0.6), hybrid=arm(0.61, [0.01, -0.03, 0.07, 0.4]))
    table = gains_table({"components": COMPONENTS, "tokens": WORSE, "anchors": within}, PUBLISHED)
    both, adaptive, hybrid = ([str(cell) for cell in row.cells] for row in table.rows)
    gain = "a gain; the claim is outside our interval; some runs are missing"
    assert both == ["both minus base", "+0.152", "+0.090 [+0.050, +0.130]", "0.002", gain]
    assert adaptive[4] == "a loss; the claim is outside our interval"
    assert hybrid[4] == "the difference is not significant; the claim is inside our interval"


def test_a_claim_without_both_rows_is_not_judged():
    assert gains_table({"wording": record("wording", a=arm(0.6))}, PUBLISHED) is None
    assert gains_table({"tokens": record("tokens", generic=arm(0.6))}, PUBLISHED) is None


def test_sentences_follow_the_intervals():
    text = reading(COMPONENTS, PUBLISHED.claims["components"])
    assert "*DFAT only* is above *base* (+0.060 [+0.020, +0.100])" in text
    assert "*DKAM only* does not differ significantly from *base*" in text
    assert "The claimed order is *base < DKAM only < DFAT only < both*" in text
    assert "by point estimates, the measured order is *base < DFAT only < DKAM" in text
    assert "Partly run, so only differences can be compared, not levels: *both*." in text
    assert "Not run" not in text
    assert "*adaptive* is below *generic*" in reading(WORSE, {"generic": 71.4, "adaptive": 78.4})


def test_a_confirmed_order_and_missing_arms_are_said():
    ordered = record("tokens", generic=arm(0.5), adaptive=arm(0.6))
    assert "the measured order is the same." in reading(ordered, {"generic": 71.4, "adaptive": 78.4})
    assert reading(record("tokens", generic=arm(None, done=3)), {}) == ""
    assert reading(record("tokens", generic=arm(0.6), adaptive=arm(None, done=0)), {}) == "Not run: *adaptive*."
