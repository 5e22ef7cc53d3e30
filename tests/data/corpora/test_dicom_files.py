"""DICOM headers of a corpus."""

from __future__ import annotations

import pytest

from radz.data.corpora._dicom_files import read_headers, years
from radz.data.corpora._fakes import write_dicom
from radz.errors import CorpusError

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")


@pytest.mark.parametrize(
    ("age", "whole"), [("57", "57"), ("057Y", "57"), ("011M", "0"), ("060W", "1"), ("400D", "1"), ("", ""), ("x", "x")]
)
def test_ages_are_whole_years(age, whole):
    assert years(age) == whole


def test_headers_are_read_in_order_and_a_damaged_one_is_named_without_its_text(tmp_path):
    paths = [tmp_path / f"{i}.dcm" for i in range(12)]
    for i, path in enumerate(paths):
        write_dicom(path, i, PatientID=f"p{i}", PatientName="Secret^Name", PatientAge="051Y")
    assert [h["PatientID"] for h in read_headers(paths, ("PatientID", "PatientSex"))] == [f"p{i}" for i in range(12)]
    assert read_headers(paths[:1], ("PatientAge", "PatientSex")) == [{"PatientAge": "051Y", "PatientSex": ""}]
    paths[3].write_bytes(b"Secret")
    with pytest.raises(CorpusError, match=r"3.dcm: its DICOM header cannot be read") as caught:
        read_headers(paths, ("PatientID",))
    assert "Secret" not in str(caught.value)
