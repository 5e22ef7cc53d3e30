"""Published numbers as they were stated."""

from __future__ import annotations

import pytest

from published import Published, claimed, stated


@pytest.mark.parametrize(
    ("value", "text"), [(70.75, "70.75"), (64.3, "64.3"), (71.0, "71.0"), (82.1, "82.1"), (None, "–")]
)
def test_a_number_keeps_its_digits(value, text):
    assert stated(value) == text


def test_a_claim_has_its_difference_to_the_first_row_in_parentheses():
    claims = {"rules": 72.1, "hybrid": 78.4, "worse": 70.0}
    assert claimed(claims, "hybrid", "rules") == "78.4 (+6.3)"
    assert claimed(claims, "worse", "rules") == "70.0 (−2.1)"
    assert claimed(claims, "rules", "rules") == "72.1"
    assert claimed(claims, "learned", "rules") == "–"


def test_an_empty_cell_names_its_data_or_the_command():
    published = Published.read()
    assert published.lacking("CheXpert", "x").startswith("needs CheXpert's test set")
    assert published.lacking("no such row", "a command") == "needs a command"
