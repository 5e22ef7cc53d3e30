"""Reports of MIMIC-CXR."""

from __future__ import annotations

import zipfile

import pytest

from radz.data.corpora import _mimic_reports
from radz.data.corpora.mimic_cxr_jpg import MimicCxrJpg
from radz.errors import CorpusError


@pytest.fixture
def mimic(tmp_path):
    return MimicCxrJpg.fake(tmp_path)


def test_in_folders_and_archive(mimic, tmp_path):
    assert MimicCxrJpg(mimic, "test").records[0].report is None
    assert MimicCxrJpg(mimic, "test", reports=mimic).records[0].report == "The heart is normal.\n\nImage 3."
    archive = tmp_path / "mimic-cxr-reports.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted((mimic / "files").rglob("*.txt")):
            packed.write(path, path.relative_to(mimic))
            path.unlink()
    assert MimicCxrJpg(mimic, "test", reports=archive).records[0].report == "The heart is normal.\n\nImage 3."
    with pytest.raises(CorpusError, match=r"has no report files/p10/.*s50771383.txt. Obtain mimic-cxr-reports.zip"):
        MimicCxrJpg(mimic, "test", reports=mimic)


def test_a_damaged_archive_or_report_is_named(mimic, tmp_path):
    archive = tmp_path / "mimic-cxr-reports.zip"
    archive.write_bytes(b"PK damaged")
    with pytest.raises(CorpusError, match=r"mimic-cxr-reports.zip: cannot be read as an archive of reports: "):
        MimicCxrJpg(mimic, "test", reports=archive)
    report = next((mimic / "files").rglob("s50771383.txt"))
    report.write_bytes("Größe".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"s50771383.txt: cannot be read as text in UTF-8"):
        MimicCxrJpg(mimic, "test", reports=mimic)


@pytest.mark.parametrize(
    ("report", "kept"),
    [
        (
            "WET READ: nodule.\n FINAL REPORT\n INDICATION: ___ with cough.\n\n IMPRESSION:\n\n 1. No \n nodule.",
            "1. No nodule.",
        ),
        (" FINAL REPORT\n CHEST RADIOGRAPH\n\n INDICATION: Mass.\n\n The lungs are clear.\n", "The lungs are clear."),
        (" FINAL REPORT\n INDICATION: Mass.\n\n COMPARISON: None.\n", ""),
        ("The lungs are clear.", "The lungs are clear."),
        ("", ""),
    ],
)
def test_what_a_report_says_of_the_image(report, kept):
    assert _mimic_reports.described(report) == kept
