"""Parse the bytes of a DICOM file once, with a bound on the size of deflated data.

pydicom's ``dcmread`` inflates without a bound, so the steps around its ``read_dataset`` are done here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.config import IGNORE
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pydicom.values import converters

from radz.errors import ImageError, printable
from radz.imaging.dicom_elements import Elements, named
from radz.imaging.find import MARKER_END, has_marker
from radz.imaging.pixels import MAX_PIXELS

MAX_INFLATED = 3 * MAX_PIXELS
"""Most bytes that a deflated data set may grow to."""
_FILE_META_GROUP = 2


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """dataset: elements, values not yet converted. syntax: the declared one or, without one, a guess."""

    dataset: Dataset
    syntax: UID
    declared: bool = True


def parse_dicom(content: bytes, elements: Sequence[str | int]) -> ParsedFile:
    """The named ``elements``, keywords or tags, of a DICOM file.

    The syntax of a file that declares none is guessed from its first element. Raises ImageError for an unknown
    syntax, for deflated data that are damaged, and for those that grow beyond ``MAX_INFLATED``.
    """
    file = io.BytesIO(content)
    file.seek(MARKER_END if has_marker(content) else 0)
    meta = read_dataset(file, False, True, stop_when=_after_file_meta)
    declared = _declared_syntax(meta)
    syntax = declared or _guess_syntax(content[file.tell() : file.tell() + 6])
    if syntax == DeflatedExplicitVRLittleEndian:
        file = io.BytesIO(_inflate(content[file.tell() :]))
    dataset = read_dataset(
        file,
        is_implicit_VR=syntax == ImplicitVRLittleEndian,
        is_little_endian=syntax != ExplicitVRBigEndian,
        specific_tags=[Tag(element) for element in elements],
    )
    return ParsedFile(dataset, syntax, declared is not None)


def _after_file_meta(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag.group != _FILE_META_GROUP


def _declared_syntax(meta: Dataset) -> UID | None:
    """The transfer syntax of the meta group, or ``None``. Raises ImageError for another UID or free text."""
    text = Elements(meta).text("TransferSyntaxUID")
    if not text:
        return None
    syntax = UID(text, validation_mode=IGNORE)
    if not syntax.is_transfer_syntax or syntax.is_private:
        raise ImageError(
            f"{named('TransferSyntaxUID')} is {printable(text)[:64]}, which radz does not know. Correct the element, "
            "or convert the file to an uncompressed syntax."
        )
    return syntax


def _guess_syntax(start: bytes) -> UID:
    """Transfer syntax of a data set that starts with these bytes: group, element and, if explicit, the VR."""
    group, vr = struct.unpack("<H2x2s", start.ljust(6, b"\0"))
    if vr.decode("latin-1") not in converters:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if group >= 0x0100 else ExplicitVRLittleEndian


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data, MAX_INFLATED)
    except zlib.error as error:
        raise ImageError(f"the deflated data are damaged, truncated or corrupt ({error}). Export it again.") from None
    if inflater.unconsumed_tail:
        raise ImageError(f"the deflated file grows beyond the limit of {MAX_INFLATED:,} bytes. Reduce it first.")
    if not inflater.eof:
        raise ImageError("the deflated data are damaged, truncated before their end. Export it again.")
    return inflated
