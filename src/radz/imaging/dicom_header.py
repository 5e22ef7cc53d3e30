"""How the pixels of a DICOM file are stored, and the facts of its header, checked before anything is decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from radz.errors import ImageError, printable
from radz.imaging.dicom_elements import Elements, named
from radz.imaging.pixels import require_size

GREY = ("MONOCHROME1", "MONOCHROME2")
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
PALETTE = "PALETTE COLOR"
_POLARITY_OF_SHAPE = {"IDENTITY": "MONOCHROME2", "INVERSE": "MONOCHROME1"}
_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
OVERLAY_BITS = [group << 16 | 0x0102 for group in _OVERLAY_GROUPS]
"""Tags of OverlayBitPosition, of the overlays that an image may have."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored values lie in the Pixel Data.

    photometric: PhotometricInterpretation. allocated, stored: bits of a word and of the value in it. high: number of
    the value's highest bit. overlay: bits of a word that hold overlays.
    """

    rows: int
    columns: int
    samples: int
    photometric: str
    planar: int
    allocated: int
    stored: int
    high: int
    signed: bool
    overlay: frozenset[int] = frozenset()

    @property
    def is_grey(self) -> bool:
        """Whether a pixel is one grey value; three equal channels called MONOCHROME are read as colour."""
        return self.samples == 1 and self.photometric in GREY


def layout_of(elements: Elements) -> Layout:
    """The layout of one frame. Raises ImageError for what radz does not read, naming the element."""
    if elements.number("Rows") is None or elements.number("Columns") is None:
        raise ImageError(
            "this DICOM file holds no image (it may be a report, plan, structure set or waveform, or end before its "
            "image). Leave it out."
        )
    rows, columns = elements.required("Rows"), elements.required("Columns")
    frames = int(elements.number("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(
            f"this DICOM file holds {frames} frames (multi-frame). Save each radiograph as a separate file."
        )
    require_size(columns, rows)
    samples, photometric = elements.required("SamplesPerPixel"), _photometric(elements)
    _require_samples(samples, photometric)
    allocated, stored = elements.required("BitsAllocated"), elements.required("BitsStored")
    _require_bits(samples, allocated, stored)
    return Layout(
        rows=rows,
        columns=columns,
        samples=samples,
        photometric=photometric,
        planar=int(elements.number("PlanarConfiguration") or 0) if samples > 1 else 0,
        allocated=allocated,
        stored=stored,
        high=_high_bit(elements, allocated, stored),
        signed=elements.required("PixelRepresentation") == 1,
        overlay=frozenset(_overlay_bits(elements)),
    )


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """The fields of Image that the header states. They affect no pixel, so malformed ones are not noted."""
    elements = Elements(dataset)
    return {
        "modality": elements.code("Modality"),
        "body_part": elements.code("BodyPartExamined"),
        "view": elements.code("ViewPosition"),
        "laterality": elements.code("ImageLaterality") or elements.code("Laterality"),
        "spacing_mm": _spacing(elements),
        "study_instance_uid": elements.uid("StudyInstanceUID"),
        "series_instance_uid": elements.uid("SeriesInstanceUID"),
        "sop_instance_uid": elements.uid("SOPInstanceUID"),
        "sop_class_uid": elements.uid("SOPClassUID"),
    }


def require_polarity(elements: Elements, photometric: str, inverted: bool | None) -> None:
    """Raise ImageError if the header contradicts itself on polarity and the caller does not decide."""
    shape = elements.code("PresentationLUTShape")
    meant = _POLARITY_OF_SHAPE.get(shape, photometric)
    if inverted is None and photometric in GREY and meant != photometric:
        raise ImageError(
            f"PhotometricInterpretation is {photometric}, but PresentationLUTShape {shape} means {meant}. Set the "
            "option inverted: False to trust the former, True to trust the latter."
        )


def _photometric(elements: Elements) -> str:
    photometric = elements.text("PhotometricInterpretation").upper()
    allowed = (*GREY, *COLOUR, PALETTE)
    if photometric in allowed:
        return photometric
    raise ImageError(
        f"{named('PhotometricInterpretation')} is {printable(photometric)[:16] or 'absent'}, allowed are "
        f"{', '.join(allowed)}. Without it bright and dark are unknown and are not guessed: set the element."
    )


def _require_samples(samples: int, photometric: str) -> None:
    allowed = (1, 3) if photometric in GREY else (1,) if photometric == PALETTE else (3,)
    if samples not in allowed:
        raise ImageError(
            f"{named('SamplesPerPixel')} is {samples}, which {photometric} does not allow. Correct the element, or "
            "export the image again."
        )


def _require_bits(samples: int, allocated: int, stored: int) -> None:
    if allocated not in ((8, 16) if samples == 1 else (8,)):
        raise ImageError(
            f"{allocated} bits a pixel; a radiograph has 8 to 16 (8 a channel where it is RGB). Convert the image."
        )
    if not 1 <= stored <= allocated:
        raise ImageError(
            f"{named('BitsStored')} is {stored}, allowed are 1 to {allocated}, the bits allocated. Correct the element."
        )


def _high_bit(elements: Elements, allocated: int, stored: int) -> int:
    high = elements.number("HighBit")
    if high is None:
        return stored - 1
    if stored - 1 <= high < allocated:
        return int(high)
    elements.ignore("HighBit", f"{high:g}, impossible with {stored} of {allocated} bits,")
    return stored - 1


def _overlay_bits(elements: Elements) -> set[int]:
    """Unused bits of the pixels that hold overlays; position 0 means that an overlay is stored elsewhere."""
    bits = (bit for tag in OVERLAY_BITS for bit in elements.numbers(tag)[:1])
    return {int(bit) for bit in bits if bit > 0}


def _spacing(elements: Elements) -> tuple[float, float] | None:
    """Height and width of a pixel in mm; the spacing at the detector where none was calibrated."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        numbers = elements.numbers(keyword)
        if len(numbers) == 2 and all(math.isfinite(n) and n > 0 for n in numbers):
            return numbers[0], numbers[1]
    return None
