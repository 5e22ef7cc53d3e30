"""The table for people."""

from __future__ import annotations

import io
from dataclasses import replace

from radz.results import write_stream
from radz.results.table import PERCENTILE, result_table
from radz.types import RESEARCH_USE


def test_columns_of_calibration_appear_only_with_it(results):
    calibrated, plain = result_table(results[0]), result_table(results[1])
    assert [column.name for column in calibrated.columns] == [
        "rank",
        "finding",
        "probability",
        "higher than",
        "in set",
        "exposure",
    ]
    assert [column.name for column in plain.columns] == ["rank", "finding", "score", "exposure"]
    assert [cell.text for cell in calibrated.rows[0].cells] == ["1", "mass", "98%", "93%", "yes", "supervised"]
    assert [cell.text for cell in calibrated.rows[1].cells] == ["2", "edema", "", "", "", "unseen"]


def test_notes_name_their_findings_or_all(results):
    assert result_table(results[0]).notes == (
        PERCENTILE,
        "no probability: not in the calibration set (edema)",
    )
    assert result_table(results[1]).notes == ("not assessed: not a chest", "no calibration (all)")
    assert result_table(results[0], top=1).notes == (PERCENTILE,)


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


def test_a_percentile_alone_takes_the_place_of_the_score(results):
    findings = (replace(results[0].findings[1], percentile=0.4), results[0].findings[1])
    shown = result_table(replace(results[0], findings=findings))
    assert [column.name for column in shown.columns] == ["rank", "finding", "higher than", "exposure"]
    assert [[cell.text for cell in row.cells][2] for row in shown.rows] == ["40%", ""]
