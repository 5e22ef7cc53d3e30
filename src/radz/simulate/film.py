"""The demonstration film as a file: DICOM, as a detector sends it, or PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from radz.errors import ImageError, MissingExtraError
from radz.simulate.ct import ATTRIBUTION, chest_ct
from radz.simulate.project import radiograph
from radz.storage import atomic_file, content_hash
from radz.types import RESEARCH_USE, Pixels

GREYS = 4095
ATTRIBUTES: Mapping[str, Any] = {
    "ImageType": ["DERIVED", "PRIMARY"],
    "Manufacturer": "radz",
    "PatientName": "Demonstration^Simulated",
    "PatientID": "RADZ-DEMO",
    "PatientBirthDate": "",
    "PatientSex": "",
    "StudyDate": "",
    "StudyTime": "",
    "StudyID": "1",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "SeriesNumber": 1,
    "InstanceNumber": 1,
    "Modality": "DX",
    "PresentationIntentType": "FOR PRESENTATION",
    "BodyPartExamined": "CHEST",
    "ViewPosition": "AP",
    "PatientOrientation": ["L", "F"],
    "ImageLaterality": "U",
    "DerivationDescription": f"Radiograph simulated from {ATTRIBUTION}",
    "ImageComments": RESEARCH_USE,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "PixelIntensityRelationship": "LOG",
    "PixelIntensityRelationshipSign": -1,  # a higher value means that less of the beam arrived
    "RescaleIntercept": 0,
    "RescaleSlope": 1,
    "RescaleType": "US",
    "PresentationLUTShape": "IDENTITY",
    "WindowCenter": (GREYS + 1) / 2,
    "WindowWidth": GREYS + 1,
    "LossyImageCompression": "00",
    "BurnedInAnnotation": "NO",
}


def write_demo_film(path: Path) -> Path:
    """Simulate the demonstration film and write it to ``path`` (``.dcm`` or ``.png``).

    Raises ImageError for another suffix, MissingExtraError for DICOM without pydicom, CacheError without the CT.
    """
    write = _writer(path)
    volume = chest_ct()
    with atomic_file(path) as partial:
        write(partial, radiograph(volume), volume.spacing_mm[0])
    return path


def write_png(path: Path, pixels: Pixels, pixel_spacing_mm: float) -> None:
    """Pixels (1, H, W) in [0, 1] as 16-bit grey; the spacing becomes the file's resolution."""
    dots_per_inch = 25.4 / pixel_spacing_mm
    grey = np.round(pixels[0] * 65535).astype(np.uint16)
    Image.fromarray(grey).save(path, format="PNG", dpi=(dots_per_inch, dots_per_inch))


def write_dicom(path: Path, pixels: Pixels, pixel_spacing_mm: float) -> None:
    """Pixels (1, H, W) in [0, 1] as a Digital X-Ray image for presentation, 12 bits, MONOCHROME2."""
    from pydicom.dataset import Dataset

    grey = np.round(pixels[0] * GREYS).astype("<u2")
    dataset = Dataset()
    for keyword, value in ATTRIBUTES.items():
        setattr(dataset, keyword, value)
    dataset.Rows, dataset.Columns = grey.shape
    dataset.PixelSpacing = dataset.ImagerPixelSpacing = [pixel_spacing_mm, pixel_spacing_mm]
    dataset.PixelData = grey.tobytes()
    _identify(dataset, content_hash(grey.tobytes()))
    dataset.save_as(path, enforce_file_format=True)


def _writer(path: Path) -> Callable[[Path, Pixels, float], None]:
    """The function that writes pixels (1, H, W) in the format of the suffix. Raises ImageError for another suffix."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        return write_png
    if suffix != ".dcm":
        raise ImageError(f"The film cannot be written as '{path.name}'. Choose a name that ends in .dcm or .png.")
    try:
        import pydicom  # noqa: F401
    except ImportError:
        raise MissingExtraError("Writing DICOM", "pydicom", "dicom") from None
    return write_dicom


def _identify(dataset: Any, digest: str) -> None:
    """Set unique identifiers derived from the pixels alone, so that the same film gives the same file."""
    from pydicom import uid
    from pydicom.dataset import FileMetaDataset

    dataset.StudyInstanceUID = uid.generate_uid(entropy_srcs=["study", digest])
    dataset.SeriesInstanceUID = uid.generate_uid(entropy_srcs=["series", digest])
    dataset.SOPInstanceUID = uid.generate_uid(entropy_srcs=["instance", digest])
    dataset.SOPClassUID = uid.DigitalXRayImageStorageForPresentation
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
