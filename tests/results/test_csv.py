"""CSV: one line per image and finding."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from radz.results.csv import COLUMNS, CsvWriter


def test_lines_are_findings_and_refused_images(results):
    file = io.StringIO()
    CsvWriter().write(results, file, top=1)
    lines = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert tuple(lines[0]) == COLUMNS
    assert [(line["image"], line["finding"]) for line in lines] == [
        ("chest.png", "mass"),
        ("chest.png", "edema"),
        ("ankle.png", "mass"),
        ("cut.png", ""),
    ], "all findings, whatever `top` is"
    assert (lines[0]["score"], lines[0]["probability"], lines[0]["in_set"]) == ("0.123457", "0.975", "yes")
    assert (lines[1]["score"], lines[1]["probability"], lines[1]["in_set"]) == ("-0.5", "", "")
    assert lines[2]["abstained"] == "not a chest"
    assert lines[3]["note"] == "refused: cut.png is damaged"


def test_notes_on_the_file_follow_those_on_a_finding(results):
    file, noted = io.StringIO(), replace(results[0], notes=("RescaleSlope is empty and was ignored",))
    CsvWriter().write([noted], file)
    first, second = csv.DictReader(io.StringIO(file.getvalue()))
    assert first["note"] == "RescaleSlope is empty and was ignored"
    assert second["note"].endswith("; RescaleSlope is empty and was ignored")
