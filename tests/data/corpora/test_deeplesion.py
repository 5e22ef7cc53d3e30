"""NIH DeepLesion."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from radz.data.corpora._boxes import Box
from radz.data.corpora.deeplesion import DeepLesion
from radz.errors import CorpusError
from radz.types import Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN, Presence.UNLABELLED


def edit(path, change):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table)
    table.to_csv(path, index=False)


def test_slices_are_seen_in_their_own_window(tmp_path):
    """Stored 32768 + HU; of the fake image's 0 to 255 the window of its row is black to white."""
    root = DeepLesion.fake(tmp_path)
    for study, (low, high) in zip(DeepLesion(root), ((-175, 275), (-1500, 500), (-500, 1300)), strict=True):
        stored = np.asarray(Image.open(study.image)).astype(float)
        np.testing.assert_allclose(study.pixels[0], (stored - 32768 - low) / (high - low), atol=1e-5)


def test_types_boxes_and_policies(tmp_path):
    root = DeepLesion.fake(tmp_path)
    unknown, lung, two = DeepLesion(root).records
    assert dict(unknown.labels) == {"lesion_on_ct": PRESENT}
    assert dict(lung.labels) == {"lesion_on_ct": PRESENT, "lung_lesion_on_ct": PRESENT}
    assert {c for c, p in two.labels.items() if p is PRESENT} == {
        *("lesion_on_ct", "liver_lesion_on_ct", "kidney_lesion_on_ct"),
    }
    assert lung.metadata == {"modality": "CT", "window": "-1500, 500", "sex": "F", "age": "62"}
    closed = DeepLesion(root, unlisted="absent").records
    assert dict(closed[0].labels) == {"lesion_on_ct": PRESENT}  # its type is not known
    assert sum(presence is ABSENT for presence in closed[1].labels.values()) == 7
    boxes = DeepLesion(root, split="test").boxes[two.study_id]
    assert boxes[0] == Box("liver_lesion_on_ct", 20.5, 30, 20, 14)
    assert [box.concept for box in boxes] == ["liver_lesion_on_ct", "kidney_lesion_on_ct"]


def test_noisy_lesions_and_wrong_cells(tmp_path):
    root = DeepLesion.fake(tmp_path)
    path = root / "DL_info.csv"
    edit(path, lambda t: t.__setitem__("Possibly_noisy", ["0", "0", "0", "1"]))
    assert dict(DeepLesion(root).records[2].labels) == {"lesion_on_ct": PRESENT, "liver_lesion_on_ct": PRESENT}
    assert len(DeepLesion(root, noisy=True).records[2].labels) == 3
    edit(path, lambda t: t.__setitem__("Coarse_lesion_type", ["9", "1", "1", "1"]))
    with pytest.raises(CorpusError, match=r"column 'Coarse_lesion_type' cannot be read in row 2"):
        DeepLesion(root)
    edit(path, lambda t: t.__setitem__("Coarse_lesion_type", "1"))
    edit(path, lambda t: t.__setitem__("DICOM_windows", "wide"))
    with pytest.raises(CorpusError, match=r"DICOM_windows is 'wide', allowed are two numbers with a comma"):
        DeepLesion(root)[0]
    shutil.rmtree(root / "Images_png" / "000002_01_01")
    with pytest.raises(CorpusError, match=r"1 of 3 images are missing .*nihcc.app.box.com.*no restriction on use"):
        DeepLesion(root)
