"""Parts of made-up corpora: small images, tables, and patients that a hash puts into each split."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radz.data.splits import SPLITS, split_by_hash
from radz.errors import MissingExtraError


def fake_chest(seed: int) -> NDArray[np.uint8]:
    """Grey values (64, 64) like a chest radiograph: dark lungs, bright mediastinum and abdomen, some noise.

    Sizes and soft shadows depend on ``seed``, so that no two images pass for one.
    """
    rng = np.random.default_rng(seed)
    middle, width, height, heart, bottom = rng.uniform((0.46, 0.10, 0.24, 0.05, 0.68), (0.54, 0.16, 0.34, 0.12, 0.82))
    y, x = np.mgrid[0:64, 0:64] / 63.0
    side = np.abs(x - middle)
    values = np.where(y > bottom, 200.0, 130.0)
    values[((side - 0.22) / width) ** 2 + ((y - 0.42) / height) ** 2 < 1] = 60.0
    values[side < heart] = 190.0
    values[(side > 0.3) & (y < 0.15)] = 20.0
    shadows = Image.fromarray(rng.uniform(-30, 30, (6, 6)).astype(np.float32))
    values += np.asarray(shadows.resize((64, 64), Image.Resampling.BICUBIC)) + rng.uniform(0, 20, values.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def write_radiograph(path: Path, seed: int) -> None:
    """Write ``fake_chest`` as the kind of file that the suffix names (``.dcm`` is DICOM); folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".dcm":
        write_dicom(path, seed)
    else:
        Image.fromarray(fake_chest(seed)).save(path)


def write_dicom(path: Path, seed: int, **tags: str) -> None:
    """Write ``fake_chest`` as DICOM with these tags; folders are made. Raises MissingExtraError without pydicom."""
    try:
        from pydicom import Dataset
        from pydicom.dataset import FileMetaDataset
        from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid
    except ModuleNotFoundError:
        raise MissingExtraError("Writing DICOM files", "pydicom", "dicom") from None
    values, dataset = fake_chest(seed), Dataset()
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[path.name])
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation, dataset.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.Modality, dataset.BodyPartExamined = "CR", "CHEST"
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = values.tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def one_patient_a_split(salt: str, val_fraction: float = 0.1, test_fraction: float = 0.2) -> dict[str, str]:
    """Split -> a patient that the hash puts there, for the splits that have a share."""
    drawn: dict[str, str] = {}
    for number in range(1_000):
        patient = f"patient-{number}"
        drawn.setdefault(split_by_hash(patient, salt, val_fraction, test_fraction), patient)
    return {split: drawn[split] for split in SPLITS if split in drawn}


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file of these lines; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
