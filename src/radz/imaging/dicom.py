"""DICOM to an Image; called through ``radz.imaging.read`` only. Needs the extra ``dicom``.

Only the tags of the image itself, its kind and its UIDs are parsed, so no name, date or identifier of a patient can
reach a message.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes

from radz.errors import ImageError, MissingExtraError
from radz.imaging.codestream import require_stream_size
from radz.imaging.dicom_file import parse_dicom
from radz.imaging.image import Image
from radz.imaging.pixels import Plane, grey, require_size, scale, stretch

GREY = ("MONOCHROME1", "MONOCHROME2")
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_POLARITY_OF_SHAPE = {"IDENTITY": "MONOCHROME2", "INVERSE": "MONOCHROME1"}
_PLUGINS = ("pylibjpeg", "pyjpegls", "pillow", "pydicom", "gdcm")
"""Decoders in order of trust, the first that is there is used alone: GDCM ends the process on some damaged streams,
so it is left what only it can read, lossless JPEG."""
_IMAGE_TAGS = [
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "PresentationLUTShape", "ExtendedOffsetTable"),
    *("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction", "ExtendedOffsetTableLengths"),
]
_FACT_TAGS = [
    *("Modality", "BodyPartExamined", "ViewPosition", "Laterality", "ImageLaterality"),
    *("PixelSpacing", "ImagerPixelSpacing"),
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"),
]


def read_dicom(content: bytes, inverted: bool | None) -> Image:
    """The bytes of a DICOM file -> pixels (1, H, W) as a viewer would show them, and the facts of the header.

    inverted: True inverts what the header declares. Raises ImageError for anything but a single grey frame of 8 to 16
    bits, MissingExtraError for an absent decoder.
    """
    dataset = parse_dicom(content, [*_IMAGE_TAGS, *_FACT_TAGS, "PixelData"])
    _require_image(dataset)
    _require_polarity(dataset, inverted)
    stored = _decode(dataset, _decoder_plugin(dataset.file_meta.TransferSyntaxUID))
    plane, turned = _displayed(stored, dataset, bool(inverted))
    return Image(plane[np.newaxis], inverted=turned, **_facts(dataset))


def _facts(dataset: Dataset) -> dict[str, Any]:
    """The fields of Image that the header states."""
    return {
        "modality": _code_string(dataset.get("Modality")),
        "body_part": _code_string(dataset.get("BodyPartExamined")),
        "view": _code_string(dataset.get("ViewPosition")),
        "laterality": _code_string(dataset.get("ImageLaterality")) or _code_string(dataset.get("Laterality")),
        "spacing_mm": _spacing(dataset),
        "photometric": str(dataset.PhotometricInterpretation),
        "study_instance_uid": str(dataset.get("StudyInstanceUID") or ""),
        "series_instance_uid": str(dataset.get("SeriesInstanceUID") or ""),
        "sop_instance_uid": str(dataset.get("SOPInstanceUID") or ""),
        "sop_class_uid": str(dataset.get("SOPClassUID") or ""),
    }


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    """Height and width of a pixel in mm; the spacing at the detector where none was calibrated."""
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    return None if not spacing or len(spacing) != 2 else (float(spacing[0]), float(spacing[1]))


def _code_string(value: Any) -> str:
    """``value`` in upper case if it is a DICOM code string, at most 16 letters, digits, blanks and underscores."""
    text = str(value or "").strip().upper()
    return text if len(text) <= 16 and all(c.isalnum() or c in " _" for c in text) else ""


def _require_image(header: Dataset) -> None:
    if header.get("Rows") is None or header.get("Columns") is None:
        raise ImageError("this DICOM file holds no image (it may be a report, plan, structure set or waveform).")
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(
            f"this DICOM file holds {frames} frames (multi-frame); save each radiograph as a separate file."
        )
    require_size(int(header.Columns), int(header.Rows))
    allowed = (8, 16) if header.get("SamplesPerPixel", 1) == 1 else (8,)
    if header.get("BitsAllocated") not in allowed:
        raise ImageError(
            f"{header.get('BitsAllocated')} bits a pixel; a radiograph has 8 to 16 (8 a channel where it is RGB)."
        )


def _require_polarity(header: Dataset, inverted: bool | None) -> None:
    interpretation, shape = header.get("PhotometricInterpretation"), header.get("PresentationLUTShape")
    if interpretation not in (*GREY, *COLOUR):
        raise ImageError(
            f"PhotometricInterpretation (0028,0004) is {interpretation or 'absent'}, allowed are "
            f"{', '.join((*GREY, *COLOUR))}. Without it bright and dark are unknown and are not guessed: set the tag."
        )
    meant = _POLARITY_OF_SHAPE.get(shape, interpretation)
    if inverted is None and interpretation in GREY and meant != interpretation:
        raise ImageError(
            f"PhotometricInterpretation is {interpretation}, but PresentationLUTShape {shape} means {meant}. Set the "
            "option inverted: False to trust the former, True to trust the latter."
        )


def _decoder_plugin(syntax: UID) -> str:
    """Name of the plug-in that decodes ``syntax``, empty where nothing is compressed."""
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise ImageError(f"transfer syntax {syntax.name} is no still image that radz reads; convert it.") from None
    if not decoder.is_available:
        raise MissingExtraError(f"Decoding DICOM {syntax.name}", _decoder_package(syntax), "dicom")
    return next((name for name in _PLUGINS if name in decoder.available_plugins), "")


def _decoder_package(syntax: UID) -> str:
    if syntax in JPEG2000TransferSyntaxes or "High-Throughput" in syntax.name:
        return "pylibjpeg-openjpeg"
    return "pyjpegls" if syntax in JPEGLSTransferSyntaxes else "python-gdcm"


def _decode(image: Dataset, plugin: str) -> NDArray[Any]:
    """Stored values, (H, W) or (H, W, 3)."""
    if "PixelData" not in image:
        raise ImageError("this DICOM file has the header of an image but no Pixel Data (7FE0,0010).")
    if image.file_meta.TransferSyntaxUID.is_compressed and image["PixelData"].is_undefined_length:
        require_stream_size(image.PixelData, int(image.Rows), int(image.Columns))
    return pixel_array(image, decoding_plugin=plugin)


def _displayed(stored: NDArray[Any], header: Dataset, inverted: bool) -> tuple[Plane, bool]:
    """Stored values (H, W) or (H, W, 3) -> plane (H, W), and whether values were inverted for it."""
    if header.PhotometricInterpretation in COLOUR:
        plane = grey(stored)
        return (1 - plane if inverted else plane), inverted
    padding = _padding(stored, header)
    plane = _windowed(_rescaled(stored, header), header, ~padding)
    turned = (header.PhotometricInterpretation == "MONOCHROME1") != inverted
    if turned:
        plane = 1 - plane
    plane[padding] = 0
    return plane, turned


def _padding(stored: NDArray[Any], header: Dataset) -> NDArray[np.bool_]:
    value = header.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, np.bool_)
    limit = header.get("PixelPaddingRangeLimit", value)
    # Writers store -2000 as the unsigned 63536; the cast wraps it back.
    low, high = sorted(np.array([int(value), int(limit)]).astype(stored.dtype))
    return np.asarray((stored >= low) & (stored <= high))


def _rescaled(stored: NDArray[Any], header: Dataset) -> NDArray[Any]:
    if header.get("ModalityLUTSequence"):
        return _looked_up(stored, header.ModalityLUTSequence[0])
    return apply_modality_lut(stored, header)


def _windowed(values: NDArray[Any], header: Dataset, measured: NDArray[np.bool_]) -> Plane:
    if header.get("VOILUTSequence"):
        table = header.VOILUTSequence[0]
        entries = _entries(table)
        return scale(_looked_up(values, table), float(entries.min()), float(entries.max()))
    if header.get("WindowCenter") is None or header.get("WindowWidth") is None:
        return stretch(values, values[measured])
    # pydicom's output range depends on bits, sign and rescale; far below and far above the window give it.
    with np.errstate(over="ignore"):
        low, high = apply_windowing(np.array([-1e9, 1e9]), header)
        return scale(apply_windowing(values, header), float(low), float(high))


def _looked_up(values: NDArray[Any], table: Dataset) -> NDArray[np.uint16]:
    # pydicom 3.0 indexes a table in the table's own type: one of 8-bit entries wraps round after 256 of them.
    entries = _entries(table)
    index = np.rint(values).astype(np.int64) - int(table.LUTDescriptor[1])
    looked_up: NDArray[np.uint16] = np.take(entries, index, mode="clip")
    return looked_up


def _entries(table: Dataset) -> NDArray[np.uint16]:
    count, data = int(table.LUTDescriptor[0]) or 1 << 16, table.LUTData
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, np.uint16))
    width = "u1" if len(data) < 2 * count else "<u2"
    return np.frombuffer(data, width)[:count].astype(np.uint16)
