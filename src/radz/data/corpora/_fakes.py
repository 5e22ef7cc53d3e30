"""What the corpora's ``fake`` needs: tiny DICOM files, and patients that fall into each split."""

from __future__ import annotations

from pathlib import Path

from radz.data.corpora._corpus import fake_film
from radz.data.corpora._dicom_files import require_pydicom
from radz.data.splits import SPLITS, split_by_hash


def write_dicom(path: Path, seed: int, **tags: str) -> None:
    """``fake_film`` as a DICOM file with these tags; the folders are made."""
    pydicom = require_pydicom("Writing DICOM files")
    film, header = fake_film(seed), pydicom.Dataset()
    named = {"SOPInstanceUID": pydicom.uid.generate_uid(entropy_srcs=[path.name]), "Modality": "CR", **tags}
    image = {
        **{"SOPClassUID": pydicom.uid.ComputedRadiographyImageStorage, "PhotometricInterpretation": "MONOCHROME2"},
        **{"Rows": film.shape[0], "Columns": film.shape[1], "SamplesPerPixel": 1, "PixelRepresentation": 0},
        **{"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": film.tobytes()},
    }
    for keyword, value in (named | image).items():
        setattr(header, keyword, value)
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    header.save_as(path, enforce_file_format=True)


def one_patient_a_split(salt: str, val_fraction: float = 0.1, test_fraction: float = 0.2) -> dict[str, str]:
    """train, val and test -> a patient that the hash puts there; those that it never draws are left out."""
    drawn: dict[str, str] = {}
    for number in range(1_000):
        patient = f"patient-{number}"
        drawn.setdefault(split_by_hash(patient, salt, val_fraction, test_fraction), patient)
    return {split: drawn[split] for split in SPLITS if split in drawn}
