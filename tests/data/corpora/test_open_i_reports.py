"""The XML reports of Open-I."""

from __future__ import annotations

import pytest

from radz.data.corpora._open_i_reports import concepts_in, labelled_by, labels_in, read_reports
from radz.errors import CorpusError

REPORT = """<eCitation><uId id="{uid}"/><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="FINDINGS">  Heart of XXXX size. </AbstractText>
<AbstractText Label="IMPRESSION">Normal.</AbstractText></Abstract>
<MeSH><major>normal</major><automatic>Heart</automatic></MeSH>
<parentImage id="{uid}_IM-1"/><parentImage id="{uid}_IM-2"/></eCitation>"""


def test_reports_come_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 1):
        (tmp_path / f"{number}.xml").write_text(REPORT.format(uid=f"CXR{number}"))
    reports = read_reports(tmp_path)
    assert [report.uid for report in reports] == ["CXR1", "CXR2", "CXR10"]
    assert reports[0].images == ("CXR1_IM-1", "CXR1_IM-2")
    assert reports[0].text.split() == ["Heart", "of", "size.", "Normal."]
    assert (reports[0].major, reports[0].automatic) == (("normal",), ("Heart",))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<eCitation>",
        "<eCitation/>",
        "<eCitation><uId/></eCitation>",
        '<?xml version="1.0" encoding="nonsense"?><a/>',
        REPORT.format(uid="CXR1").replace('<parentImage id="CXR1_IM-2"/>', "<parentImage/>"),
    ],
)
def test_a_file_that_is_no_report_is_named(tmp_path, content):
    (tmp_path / "1.xml").write_text(content)
    with pytest.raises(CorpusError, match=r"1.xml: is not a report of Open-I \(\w+\). Unpack the archive again"):
        read_reports(tmp_path)


def test_a_heading_is_looked_up_by_its_first_part_and_its_qualifiers():
    assert "Cardiomegaly" in labels_in(["Cardiomegaly/mild"])
    assert len(labels_in(["Diaphragm/right/elevated"])) == 2
    with pytest.raises(CorpusError, match=r"'Sunstroke' does not begin with a heading of"):
        labels_in(["Sunstroke"])


def test_terms_found_by_a_program_are_the_longest_names_in_them():
    assert concepts_in("subcutaneous emphysema") == {"subcutaneous_emphysema"}
    assert labelled_by("Spinal Fractures") == {"fracture"}  # the corpus labels no vertebral fracture
    assert labelled_by("Spine") == frozenset()
