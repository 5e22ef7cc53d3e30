"""DICOM to an Image; called through ``radz.imaging.read`` only. Needs the extra ``dicom``.

Only the elements of the image itself, its kind and its UIDs are parsed, so no name, date or identifier of a patient
can reach a message.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.imaging.dicom_display import coloured, displayed
from radz.imaging.dicom_elements import Elements
from radz.imaging.dicom_file import ParsedFile, parse_dicom
from radz.imaging.dicom_header import OVERLAY_BITS, PALETTE, Layout, facts_of, layout_of, require_polarity
from radz.imaging.dicom_pixels import decode
from radz.imaging.dicom_shutter import shuttered
from radz.imaging.dicom_table import COLOURS
from radz.imaging.dicom_values import stored_values
from radz.imaging.image import Image
from radz.imaging.pixels import Plane, grey

_ELEMENTS = [
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "PresentationLUTShape"),
    *("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction"),
    *(f"{colour}PaletteColorLookupTable{part}" for colour in COLOURS for part in ("Descriptor", "Data")),
    *("ShutterShape", "ShutterLeftVerticalEdge", "ShutterRightVerticalEdge", "ShutterUpperHorizontalEdge"),
    *("ShutterLowerHorizontalEdge", "CenterOfCircularShutter", "RadiusOfCircularShutter"),
    *("VerticesOfThePolygonalShutter", "PixelData"),
    *("Modality", "BodyPartExamined", "ViewPosition", "Laterality", "ImageLaterality"),
    *("PixelSpacing", "ImagerPixelSpacing"),
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"),
]


def read_dicom(content: bytes, inverted: bool | None) -> Image:
    """The bytes of a DICOM file -> pixels (1, H, W) as a viewer would show them, and the facts of the header.

    inverted: True inverts what the header declares. Raises ImageError for anything but a single grey frame of 8 to 16
    bits, MissingExtraError for an absent decoder.
    """
    return _image(parse_dicom(content, [*_ELEMENTS, *OVERLAY_BITS]), inverted)


def _image(file: ParsedFile, inverted: bool | None) -> Image:
    """Pixels (1, H, W) and facts of a file whose values are as they were parsed."""
    elements = Elements(file.dataset, little_endian=file.syntax.is_little_endian)
    layout = layout_of(elements)
    require_polarity(elements, layout.photometric, inverted)
    words = decode(elements, layout, file)
    turned = (layout.photometric == "MONOCHROME1") != bool(inverted)
    plane = _plane(words, layout, elements, turned=turned, compressed=file.syntax.is_compressed)
    return Image(
        plane[np.newaxis],
        photometric=layout.photometric,
        inverted=turned,
        notes=tuple(elements.notes),
        **facts_of(file.dataset),
    )


def _plane(words: NDArray[Any], layout: Layout, elements: Elements, *, turned: bool, compressed: bool) -> Plane:
    """Words (H, W) or (H, W, 3) -> plane (H, W)."""
    hidden = shuttered(elements, words.shape[:2])
    if layout.is_grey:
        values, padding = stored_values(words, layout, elements, compressed=compressed)
        return displayed(values, elements, hidden | padding, inverted=turned)
    plane = coloured(words, elements) if layout.photometric == PALETTE else grey(words)
    if turned:
        plane = 1 - plane
    plane[hidden] = 0
    return plane
