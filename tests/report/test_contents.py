"""What a page shows."""

from __future__ import annotations

import pytest

from radz.errors import ScoresError
from radz.metrics.hardest_cases import HardestCase
from radz.report.blocks import Thumbnail
from radz.report.contents import Case, Contents, ModelRow
from report_fakes import contents


def test_a_report_needs_an_evaluated_model():
    for rows in ((), (ModelRow("absent", note="no train split"),)):
        with pytest.raises(ScoresError, match="first row has no evaluation"):
            Contents.of(rows, {})


def test_contents_have_curves_and_hashes_of_every_model():
    two = contents()
    assert two.evaluation is two.rows[0].evaluation
    assert [*two.evaluated] == [*two.curves] == [*two.hashes] == ["brightness", "other"]
    assert len(set(two.hashes.values())) == 2
    assert all(len(digest) == 64 for digest in two.hashes.values())


def test_a_case_without_an_image_has_no_thumbnail():
    case = HardestCase("id", "mass", True, 0.1, 0.9)
    assert Case(case, None).thumbnail("caption", "alternative") is None
    assert Case(case, "abcd").thumbnail("caption", "alternative") == Thumbnail("abcd", "alternative", "caption")
