"""The parts that MIMIC-CXR and MIMIC-CXR-JPG share."""

from __future__ import annotations

import pandas as pd
import pytest

from radz.data.corpora import _chexpert, _mimic
from radz.data.corpora.mimic_cxr_jpg import MimicCxrJpg
from radz.errors import ConfigError, UnknownNameError
from radz.types import Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


@pytest.fixture
def mimic(tmp_path):
    return MimicCxrJpg.fake(tmp_path)


def test_views_and_split(mimic):
    corpus = MimicCxrJpg(mimic, views="all")
    assert [s.metadata["view"] for s in corpus.records] == ["PA", "LATERAL", "AP", "AP"]
    assert [s.split for s in corpus.records] == ["train", "train", "val", "test"]
    assert [_mimic.side_of(v) for v in ("AP AXIAL", "PA LLD", "XTABLE LATERAL", "LPO", "")] == [
        *("frontal", "frontal", "lateral", "", "")
    ]


def test_view_from_its_code(mimic):
    path = mimic / "mimic-cxr-2.0.0-metadata.csv"
    table = pd.read_csv(path, dtype=str)
    table["ViewCodeSequence_CodeMeaning"] = ["postero-anterior", "lateral", "antero-posterior", "Erect"]
    table["ViewPosition"] = ["", "", "", "AP"]
    table.to_csv(path, index=False)
    assert [s.metadata["view"] for s in MimicCxrJpg(mimic, views="all").records] == ["PA", "LATERAL", "AP", "AP"]


def test_labelers(mimic):
    assert MimicCxrJpg(mimic, "val", labeler="negbio").records[0].presence("edema") is UNCERTAIN
    header = ["study_id", *(label.replace("Lung Opacity", "Airspace Opacity") for label in _chexpert.LABELS)]
    rows = [["50771383", *("1.0" if label == "Airspace Opacity" else "" for label in header[1:])]]
    pd.DataFrame(rows, columns=header).to_csv(mimic / "mimic-cxr-2.1.0-test-set-labeled.csv", index=False)
    corpus = MimicCxrJpg(mimic, labeler="radiologist", unlisted="absent")
    assert corpus.records[2].presence("lung_opacity") is PRESENT
    assert corpus.records[2].presence("pneumonia") is ABSENT
    assert corpus.records[0].labels == {}
    with pytest.raises(ConfigError, match=r"labeler is 'chexbert', allowed are 'chexpert', 'negbio', 'radiologist'"):
        MimicCxrJpg(mimic, labeler="chexbert")


def test_split_that_is_none(mimic):
    path = mimic / "mimic-cxr-2.0.0-split.csv"
    path.write_text(path.read_text().replace("validate", "valid"))
    with pytest.raises(UnknownNameError, match=r"split in mimic-cxr-2.0.0-split.csv 'valid'. Did you mean 'validate'"):
        MimicCxrJpg(mimic)
