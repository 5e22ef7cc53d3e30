"""MIMIC-CXR."""

from __future__ import annotations

import shutil

import pytest

from radz.data.corpora.mimic_cxr import MimicCxr
from radz.errors import CorpusError

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")


def test_dicom_with_tables_elsewhere(tmp_path):
    root = MimicCxr.fake(tmp_path / "dicom")
    tables = tmp_path / "jpg"
    tables.mkdir()
    for path in root.glob("*.csv"):
        shutil.move(path, tables)
    corpus = MimicCxr(root, "train", tables=tables)
    assert corpus.records[0].report == "The heart is normal.\n\nImage 1."
    assert MimicCxr(root, "train", tables=tables, reports=False).records[0].report is None
    with pytest.raises(CorpusError, match=r"no mimic-cxr-2.0.0-split.csv here .*physionet.org/content/mimic-cxr-jpg"):
        MimicCxr(root)
