"""VinDr-CXR."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from public_metadata import public_file
from radz.data.corpora._boxes import Box
from radz.data.corpora.vindr import VinDr
from radz.errors import ConfigError, CorpusError, UnknownNameError
from radz.types import NORMAL, Presence

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN, Presence.UNLABELLED


def counts(corpus, presence=PRESENT):
    return {f: sum(study.presence(f) is presence for study in corpus.records) for f in corpus.findings}


def edit(path, change):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table)
    table.to_csv(path, index=False)


def test_readers_are_counted(tmp_path):
    """Of three readers all see cardiomegaly, one a rib fracture, one a nodule or mass."""
    root = VinDr.fake(tmp_path)
    by = {policy: VinDr(root, readers=policy).records[0] for policy in ("majority", "any", "agreement")}
    assert {policy: study.presence("cardiomegaly") for policy, study in by.items()} == dict.fromkeys(by, PRESENT)
    assert [study.presence("lung_lesion") for study in by.values()] == [ABSENT, PRESENT, UNCERTAIN]
    assert [study.presence("fracture") for study in by.values()] == [UNLABELLED, PRESENT, UNCERTAIN]
    assert [study.presence(NORMAL) for study in by.values()] == [ABSENT] * 3
    normal, tested = VinDr(root).records[1:]
    assert normal.presence(NORMAL) is PRESENT
    assert (tested.split, tested.presence("other_thoracic_abnormality")) == ("test", PRESENT)
    with pytest.raises(ConfigError, match=r"readers is 'all', allowed are 'majority', 'any', 'agreement'"):
        VinDr(root, readers="all")


def test_no_finding_of_one_reader_beside_a_finding_of_another(tmp_path):
    root = VinDr.fake(tmp_path)
    path = root / "annotations" / "image_labels_train.csv"
    edit(path, lambda t: t.__setitem__("No finding", ["1", "1", "0", "1", "1", "1"]))
    assert [VinDr(root, readers=policy).records[0].presence(NORMAL) for policy in ("any", "majority")] == [ABSENT] * 2


def test_boxes_have_readers_and_corners_become_sizes(tmp_path):
    corpus = VinDr(VinDr.fake(tmp_path))
    assert corpus.boxes == {
        corpus.records[0].study_id: (Box("cardiomegaly", 691, 1375, 1653 - 691, 1831 - 1375, reader="R0"),)
    }


def test_kaggle_layout_and_wrong_cells(tmp_path):
    root = VinDr.fake(tmp_path)
    path = root / "annotations" / "image_labels_train.csv"
    edit(path, lambda t: t.__setitem__("COPD", ["0", "2", "0", "0", "0", "0"]))
    with pytest.raises(CorpusError, match=r"a label is neither 0 nor 1 in row 3"):
        VinDr(root)
    path.write_text(path.read_text().replace("COPD", "Asthma"))
    with pytest.raises(UnknownNameError, match=r"label in image_labels_train.csv 'Asthma'"):
        VinDr(root)
    shutil.rmtree(root / "annotations")
    images = [image.stem for image in (root / "train").iterdir()]
    rows = [(images[0], "ILD", "R1"), (images[0], "No finding", "R2"), (images[1], "No finding", "R1")]
    header = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max"
    lines = [f"{image},{label},0,{reader},1,2,3,5" for image, label, reader in rows]
    (root / "train.csv").write_text("\n".join([header, *lines]))
    corpus = VinDr(root, readers="any")
    assert len(corpus.findings) == 15
    assert counts(corpus)["interstitial_lung_disease"] == counts(corpus)[NORMAL] == 1
    assert corpus.boxes[images[0]] == (Box("interstitial_lung_disease", 1, 2, 2, 3, reader="R1"),)
    (root / "train.csv").unlink()
    with pytest.raises(CorpusError, match=r"image_labels_train.csv or train.csv .*Obtain from https://physionet.org"):
        VinDr(root)


def test_counts_of_the_public_table(tmp_path):
    """Those of torchxrayvision, which counts a label that one of the readers gave, under its own names."""
    shutil.copy(public_file("vinbigdata-train.csv.gz", tmp_path), tmp_path / "train.csv.gz")
    corpus = VinDr(tmp_path, missing="later", readers="any")
    assert len(corpus) == 15_000
    assert counts(corpus) == {
        **{
            NORMAL: 10_606,
            "aortic_enlargement": 3_067,
            "atelectasis": 186,
            "calcification": 452,
            "cardiomegaly": 2_300,
        },
        **{"consolidation": 353, "effusion": 1_032, "interstitial_lung_disease": 386},
        **{"infiltration": 613, "lung_opacity": 1_322, "lung_lesion": 826, "other_thoracic_abnormality": 1_134},
        **{"pleural_thickening": 1_981, "pneumothorax": 96, "fibrosis": 1_617},
    }
