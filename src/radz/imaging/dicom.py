"""DICOM to a plane of [0, 1]; called through ``radz.imaging.read`` only. Needs the extra ``dicom``.

Only the tags of the image itself and of its kind are parsed, so no name, date or identifier of a patient can reach a
message.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes

from radz.errors import ImageError, MissingExtraError
from radz.imaging.codestream import require_stream_size
from radz.imaging.pixels import MAX_PIXELS, Plane, grey, require_size, scale, stretch

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


def read_dicom(path: Path, inverted: bool | None) -> Plane:
    """Plane (H, W) as a viewer would show it, bright = dense; ``inverted=True`` turns it round.

    Raises ImageError for what is no single grey frame of 8 to 16 bits, MissingExtraError for an absent decoder.
    """
    _require_bounded(path)
    header = dcmread(path, stop_before_pixels=True, specific_tags=[*_IMAGE_TAGS])
    _require_image(header)
    _require_polarity(header, inverted)
    stored = _decode(path, _decoder_plugin(header.file_meta.TransferSyntaxUID))
    if header.PhotometricInterpretation in COLOUR:
        plane = grey(stored)
        return 1 - plane if inverted else plane
    return _displayed(stored, header, bool(inverted))


def read_terms(path: Path) -> tuple[str, str]:
    """Modality and BodyPartExamined in upper case, empty where they are absent or hold no code string."""
    _require_bounded(path)
    tags = ("Modality", "BodyPartExamined")
    header = dcmread(path, stop_before_pixels=True, specific_tags=[*tags])
    modality, body_part = (str(header.get(tag) or "").strip().upper() for tag in tags)
    return _code_string(modality), _code_string(body_part)


def _code_string(value: str) -> str:
    """The value if it is one of DICOM's type CS, at most 16 capitals, digits, blanks and underscores."""
    return value if len(value) <= 16 and all(c.isalnum() or c in " _" for c in value) else ""


def _require_bounded(path: Path) -> None:
    """A deflated file is inflated whole by pydicom, so its size is tried first."""
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    start = 144 + int(meta.FileMetaInformationGroupLength)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflater.decompress(path.read_bytes()[start:], 3 * MAX_PIXELS)
    if inflater.unconsumed_tail:
        raise ImageError(f"the deflated file grows beyond the limit of {3 * MAX_PIXELS:,} bytes. Reduce it first.")


def _require_image(header: Dataset) -> None:
    if header.get("Rows") is None or header.get("Columns") is None:
        raise ImageError("this DICOM file holds no image (it may be a report, plan, structure set or waveform).")
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(f"this DICOM file holds {frames} frames (multi-frame); give one radiograph a file.")
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


def _decode(path: Path, plugin: str) -> NDArray[Any]:
    """Stored values, (H, W) or (H, W, 3)."""
    image = dcmread(path, specific_tags=[*_IMAGE_TAGS, "PixelData"])
    if "PixelData" not in image:
        raise ImageError("this DICOM file has the header of an image but no Pixel Data (7FE0,0010).")
    if image.file_meta.TransferSyntaxUID.is_compressed and image["PixelData"].is_undefined_length:
        require_stream_size(image.PixelData, int(image.Rows), int(image.Columns))
    return pixel_array(image, decoding_plugin=plugin)


def _displayed(stored: NDArray[Any], header: Dataset, inverted: bool) -> Plane:
    padding = _padding(stored, header)
    plane = _windowed(_rescaled(stored, header), header, ~padding)
    if (header.PhotometricInterpretation == "MONOCHROME1") != inverted:
        plane = 1 - plane
    plane[padding] = 0
    return plane


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
