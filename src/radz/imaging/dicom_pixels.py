"""Pixel Data to words of stored values. Compressed data are decoded in worker processes (``subprocess_decoder``)."""

from __future__ import annotations

import re
import warnings
from typing import Any

from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
)

from radz.errors import ImageError, MissingExtraError
from radz.imaging.codestream import JPEG, Stream, read_stream, require_stream_size, single_frame
from radz.imaging.dicom_elements import Elements, named
from radz.imaging.dicom_file import ParsedFile
from radz.imaging.dicom_header import GREY, Layout
from radz.imaging.jpeg import require_few_scans, require_sound_jpeg
from radz.imaging.subprocess_decoder import DECODER

_PLUGINS = ("pylibjpeg", "pyjpegls", "pillow", "pydicom", "gdcm")
"""Decoders in order of trust; only the first that is installed is used. GDCM comes last because it crashes on some
damaged streams; it decodes what no other can, lossless JPEG and JPEG of 12 bits."""
_LOSSY_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit)
_TOO_LONG_RLE = "non-conformant padding"
_DAMAGE = re.compile(r"Corrupt JPEG data[^\n]*|Premature end of JPEG[^\n]*")


def decode(elements: Elements, layout: Layout, file: ParsedFile) -> NDArray[Any]:
    """Words of the Pixel Data as they are stored, (H, W) or (H, W, 3); nothing is masked or shifted.

    Raises ImageError for data that are missing, truncated, damaged or not of the header's size; MissingExtraError for
    an absent decoder.
    """
    pixel_data, encapsulated = elements.data("PixelData"), elements.is_encapsulated("PixelData")
    if not pixel_data:
        raise ImageError(
            "this DICOM file has the header of an image but no Pixel Data (7FE0,0010). Export the image again."
        )
    _require_still_image(file.syntax)
    _require_fitting_syntax(file, encapsulated=encapsulated)
    if not file.declared:
        elements.note(f"{named('TransferSyntaxUID')} is missing, the file was read as {file.syntax.name}")
    return _decompressed(elements, layout, file.syntax) if encapsulated else _native(elements, layout, file.syntax)


def decode_frame(pixel_data: bytes, syntax: UID, plugin: str, options: dict[str, Any]) -> NDArray[Any]:
    """Words of encapsulated Pixel Data of one frame, (H, W) or (H, W, 3); runs in a worker process."""
    if syntax in _LOSSY_JPEG:
        require_sound_jpeg(single_frame(pixel_data))
    with warnings.catch_warnings():  # a worker prints no others
        warnings.filterwarnings("always", message=f".*{_TOO_LONG_RLE}")
        array, _ = get_decoder(syntax).as_array(pixel_data, index=0, decoding_plugin=plugin, **options)
    return array


def _native(elements: Elements, layout: Layout, syntax: UID) -> NDArray[Any]:
    """(H, W) or (H, W, 3) of data that are not compressed."""
    pixel_data = elements.data("PixelData")
    expected = layout.rows * layout.columns * layout.samples * layout.allocated // 8
    if layout.photometric == "YBR_FULL_422":
        expected = expected * 2 // 3
    if len(pixel_data) < expected:
        raise ImageError(
            f"the file is damaged, truncated in its Pixel Data: {len(pixel_data):,} of {expected:,} bytes are there. "
            "Export it again."
        )
    array, _ = get_decoder(syntax).as_array(pixel_data[: expected + expected % 2], index=0, **_options(layout))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _decompressed(elements: Elements, layout: Layout, syntax: UID) -> NDArray[Any]:
    """(H, W) or (H, W, 3) of compressed data."""
    pixel_data = elements.data("PixelData")
    frame = single_frame(pixel_data)
    stream = read_stream(frame)
    require_stream_size(stream, layout.rows, layout.columns)
    if frame.startswith(JPEG):
        require_few_scans(frame, layout.rows * layout.columns)
    decoded_as = _decodable(syntax, stream)
    array, printed = DECODER.call(decode_frame, pixel_data, decoded_as, _plugin(decoded_as, syntax), _options(layout))
    if _TOO_LONG_RLE in printed:
        elements.note("the RLE data hold more values than the image has pixels; the rest was ignored")
    if damage := _DAMAGE.search(printed):
        raise ImageError(f"the compressed data are damaged, truncated or corrupt ({damage[0]}). Export it again.")
    return array


def _decodable(syntax: UID, stream: Stream | None) -> UID:
    """The syntax to decode a stream as.

    GDCM takes the kind of JPEG from the stream, so it decodes lossy JPEG of 12 bits too; pydicom's plug-in passes it
    only lossless JPEG.
    """
    return JPEGLosslessSV1 if syntax in _LOSSY_JPEG and stream is not None and stream.precision > 8 else syntax


def _options(layout: Layout) -> dict[str, Any]:
    """The layout in pydicom's words."""
    options = {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": _colours(layout),
        "bits_allocated": layout.allocated,
        "bits_stored": layout.stored,
        "pixel_representation": int(layout.signed),
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
        "correct_unused_bits": False,
        "pixel_vr": "OB" if layout.allocated == 8 else "OW",
    }
    return options | ({"planar_configuration": layout.planar} if layout.samples > 1 else {})


def _colours(layout: Layout) -> str:
    """Three samples called MONOCHROME are read as RGB."""
    return "RGB" if layout.samples > 1 and layout.photometric in GREY else layout.photometric


def _require_fitting_syntax(file: ParsedFile, *, encapsulated: bool) -> None:
    if file.syntax.is_compressed == encapsulated:
        return
    declared, kind = file.syntax.name if file.declared else "missing", "" if encapsulated else "not "
    raise ImageError(
        f"{named('TransferSyntaxUID')} is {declared}, but the Pixel Data are {kind}compressed."
        " Correct the element, or export the image again."
    )


def _require_still_image(syntax: UID) -> None:
    try:
        get_decoder(syntax)
    except NotImplementedError:
        raise ImageError(
            f"radz does not read transfer syntax {syntax.name}. Convert the file to an uncompressed syntax."
        ) from None


def _plugin(syntax: UID, declared: UID) -> str:
    """Name of the plug-in that decodes ``syntax``. Raises MissingExtraError, with the declared syntax, for none."""
    decoder = get_decoder(syntax)
    available = decoder.available_plugins if decoder.is_available else ()
    if not available:
        raise MissingExtraError(f"Decoding DICOM {declared.name}", _package(syntax), "dicom")
    return next((name for name in _PLUGINS if name in available), available[0])


def _package(syntax: UID) -> str:
    if syntax in JPEG2000TransferSyntaxes or "High-Throughput" in syntax.name:
        return "pylibjpeg-openjpeg"
    return "pyjpegls" if syntax in JPEGLSTransferSyntaxes else "python-gdcm"
