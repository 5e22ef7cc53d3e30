"""CSV: one line per image and finding."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from radz.results import write_stream
from radz.results.csv import COLUMNS, cell


def rows_of(results) -> list[dict[str, str]]:
    file = io.StringIO()
    write_stream(results, file, "csv", top=1)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def test_lines_are_findings_and_refused_images(results):
    lines = rows_of(results)
    assert tuple(lines[0]) == COLUMNS
    assert [(line["image"], line["finding"]) for line in lines] == [
        ("chest.png", "mass"),
        ("chest.png", "edema"),
        ("ankle.png", "mass"),
        ("cut.png", ""),
    ], "all findings, whatever `top` is"
    assert (lines[0]["score"], lines[0]["probability"], lines[0]["in_set"]) == ("0.123457", "0.975", "yes")
    assert (lines[1]["score"], lines[1]["probability"], lines[1]["in_set"]) == ("-0.5", "", "")
    assert [line["percentile"] for line in lines] == ["0.93", "", "", ""]
    assert lines[2]["abstained"] == "not a chest"
    assert lines[3]["note"] == "refused: cut.png is damaged"


def test_notes_on_the_file_follow_those_on_a_finding(results):
    noted = replace(results[0], notes=("RescaleSlope is empty and was ignored",))
    first, second = rows_of([noted])
    assert first["note"] == "RescaleSlope is empty and was ignored"
    assert second["note"].endswith("; RescaleSlope is empty and was ignored")


def test_texts_that_a_spreadsheet_would_run_are_made_harmless_and_numbers_stay(results):
    finding = replace(results[0].findings[1], name="@edema", note="-2")
    (row,) = rows_of([replace(results[0], image="=cmd|'calc'!A1.png", findings=(finding,), abstained="+1")])
    assert (row["image"], row["finding"]) == ("'=cmd|'calc'!A1.png", "'@edema")
    assert (row["note"], row["abstained"], row["score"]) == ("'-2", "'+1", "-0.5")
    assert cell("a=b") == "a=b"
    assert cell("\t=1") == "\\t=1"
