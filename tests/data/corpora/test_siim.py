"""SIIM-ACR Pneumothorax."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from scipy import ndimage

from public_metadata import public_file
from radz.data.corpora._boxes import read_runs
from radz.data.corpora.siim import Siim, read_masks
from radz.errors import CorpusError
from radz.types import Presence

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN, Presence.UNLABELLED


def counts(corpus, presence=PRESENT):
    return {f: sum(study.presence(f) is presence for study in corpus.records) for f in corpus.findings}


def test_masks_are_united_and_the_others_empty(tmp_path):
    corpus = Siim(Siim.fake(tmp_path))
    first, second, _ = corpus.records
    mask = corpus.mask(first.study_id)
    assert mask.shape == (1024, 1024)
    assert mask[100:120, 200:210].all()
    assert mask[300:302, 400].all()
    assert mask.sum() == 20 * 10 + 2
    assert not corpus.mask(second.study_id).any()
    assert [study.presence("pneumothorax") for study in corpus.records] == [PRESENT, ABSENT, ABSENT]
    assert first.metadata == {"view": "PA", "sex": "F", "age": "51"}
    with pytest.raises(CorpusError, match=r"the table does not have this image"):
        corpus.mask("1.2.3")


def test_patients_are_those_of_the_headers(tmp_path):
    root = Siim.fake(tmp_path)
    assert all(study.patient_id.startswith("patient-") for study in Siim(root).records)
    assert [study.patient_id for study in Siim(root, missing="later").records] == ["1.4.0", "1.4.1", "1.4.2"]


def test_second_stage_and_contradictions(tmp_path):
    root = Siim.fake(tmp_path)
    table = (root / "train-rle.csv").read_text()
    (root / "stage_2_train.csv").write_text(table.replace(", ", ","))
    (root / "train-rle.csv").unlink()
    assert counts(Siim(root)) == {"pneumothorax": 1}
    (root / "stage_2_train.csv").write_text(table + "1.4.0, -1\n")
    with pytest.raises(CorpusError, match=r"an image has a mask and also has the mark of having none \(row 6\)"):
        Siim(root)


def counted_from_the_first_pixel(text):
    numbers, mask = np.array(text.split(), int), np.zeros(1024 * 1024, bool)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        mask[start : start + length] = True
    return mask.reshape(1024, 1024).T


def test_counts_of_the_public_table(tmp_path):
    """torchxrayvision counts rows (12,954, with 3,576 masks); an image is one of ours, however many masks it has."""
    shutil.copy(public_file("siim-pneumothorax-train-rle.csv.gz", tmp_path), tmp_path / "train-rle.csv.gz")
    corpus = Siim(tmp_path, missing="later")
    assert len(corpus) == 12_047
    assert counts(corpus) == {"pneumothorax": 2_669}
    shown = [study.study_id for study in corpus.records if study.presence("pneumothorax") is PRESENT]
    runs = [read_masks(tmp_path / "train-rle.csv.gz")[name][0] for name in shown[:20]]
    assert np.median([ndimage.label(read_runs(text, 1024, 1024))[1] for text in runs]) == 1
    assert np.median([ndimage.label(counted_from_the_first_pixel(text))[1] for text in runs]) == 3  # as most challenges
