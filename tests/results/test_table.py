"""The table for people."""

from __future__ import annotations

import io
from dataclasses import replace

from radz.results import write_stream
from radz.results.table import result_table
from radz.types import RESEARCH_USE


def test_columns_of_calibration_appear_only_with_it(results):
    calibrated, plain = result_table(results[0]), result_table(results[1])
    assert [column.name for column in calibrated.columns] == [
        "rank",
        "finding",
        "score",
        "probability",
        "in set",
        "exposure",
    ]
    assert [column.name for column in plain.columns] == ["rank", "finding", "score", "exposure"]
    assert [cell.text for cell in calibrated.rows[0].cells] == ["1", "mass", "+0.123", "98%", "yes", "supervised"]
    assert [cell.text for cell in calibrated.rows[1].cells] == ["2", "edema", "−0.500", "", "", "unseen"]


def test_notes_name_their_findings_or_all(results):
    assert result_table(results[0]).notes == ("no probability: not in the calibration set (edema)",)
    assert result_table(results[1]).notes == ("not assessed: not a chest", "no calibration (all)")
    assert result_table(results[0], top=1).notes == ()


def test_a_refused_image_has_no_table_and_the_notice_comes_last(results):
    file = io.StringIO()
    write_stream(results, file, "table", top=1)
    text = file.getvalue()
    assert "edema" not in text
    assert "cut.png" not in text
    assert text.splitlines()[-1] == RESEARCH_USE


def test_notes_on_the_file_come_last(results):
    noted = replace(results[1], notes=("RescaleSlope is empty and was ignored",))
    assert result_table(noted).notes[-1] == "RescaleSlope is empty and was ignored"
