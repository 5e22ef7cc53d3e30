"""Values of DICOM elements. An optional element that is empty or malformed counts as absent, and is noted.

Files break the rules for values in many ways. pydicom raises for some, warns of others and passes on the rest; here
every element that affects pixels is read in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from radz.errors import ImageError

_BINARY = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8", "OW": "u2"}
_UNDEFINED_LENGTH = 0xFFFFFFFF
_MAX_CODE_STRING, _MAX_UID = 16, 64


class Elements:
    """Typed values of a dataset by keyword; ``notes`` collects what was ignored or repaired, a sentence each."""

    def __init__(self, dataset: Dataset, notes: list[str] | None = None, little_endian: bool = True) -> None:
        self.dataset, self.little_endian = dataset, little_endian
        self.notes: list[str] = [] if notes is None else notes

    def numbers(self, keyword: str | int) -> tuple[float, ...]:
        """Values of a numeric element, by keyword or tag; none where it is absent, empty or malformed (noted)."""
        raw = self._raw(keyword)
        if raw is None:
            return ()
        try:
            numbers = self._parsed(raw, keyword)
        except ValueError:
            self.ignore(keyword, "malformed")
            return ()
        if not numbers:
            self.ignore(keyword, "empty")
        return numbers

    def number(self, keyword: str) -> float | None:
        """First value of a numeric element, or ``None``; one that is not finite is malformed."""
        numbers = self.numbers(keyword)
        if numbers and not math.isfinite(numbers[0]):
            self.ignore(keyword, "malformed")
        return numbers[0] if numbers and math.isfinite(numbers[0]) else None

    def required(self, keyword: str) -> int:
        """Value of an element without which the pixels cannot be read. Raises ImageError naming it."""
        number = self.number(keyword)
        if number is None or number != int(number):
            raise ImageError(
                f"{named(keyword)} is missing or malformed; without it the pixels cannot be read. Restore the element, "
                "or export the image again."
            )
        return int(number)

    def text(self, keyword: str) -> str:
        """A text element without padding; empty if it is absent."""
        raw = self._raw(keyword)
        return "" if raw is None else _decoded(raw).strip("\0 ")

    def code(self, keyword: str) -> str:
        """A code string in upper case; empty if the element is absent or holds free text."""
        text = self.text(keyword).upper()
        legal = len(text) <= _MAX_CODE_STRING and all(c.isalnum() or c in " _" for c in text)
        return text if legal else ""

    def uid(self, keyword: str) -> str:
        """A unique identifier; empty if the element is absent or holds something else."""
        text = self.text(keyword)
        return text if len(text) <= _MAX_UID and set(text) <= set("0123456789.") else ""

    def data(self, keyword: str) -> bytes:
        """Bytes of an element; none where it is absent."""
        raw = self._raw(keyword)
        return b"" if raw is None else bytes(raw.value or b"")

    @property
    def byte_order(self) -> str:
        """``<`` or ``>``, as in numpy's type strings."""
        return "<" if self.little_endian else ">"

    def is_encapsulated(self, keyword: str) -> bool:
        """Whether the value is a sequence of fragments, as compressed data are."""
        raw = self._raw(keyword)
        return raw is not None and raw.length == _UNDEFINED_LENGTH

    def items(self, keyword: str) -> list[Elements]:
        """Items of a sequence that are not empty; a sequence that is malformed or has only empty items is noted."""
        if keyword not in self.dataset:
            return []
        try:
            datasets = [item for item in self.dataset[keyword].value or () if len(item)]
        except Exception:  # pydicom raises anything on hostile bytes
            self.ignore(keyword, "malformed")
            return []
        if not datasets:
            self.ignore(keyword, "empty")
        return [Elements(dataset, self.notes, self.little_endian) for dataset in datasets]

    def ignore(self, keyword: str | int, why: str) -> None:
        """Note that an element counts as absent; ``why`` completes "the element is ..."."""
        self.note(f"{named(keyword)} is {why} and was ignored")

    def note(self, sentence: str) -> None:
        """Add a sentence once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _raw(self, keyword: str | int) -> RawDataElement | None:
        element = self.dataset.get_item(Tag(keyword), keep_deferred=True)
        return element if isinstance(element, RawDataElement) else None

    def _parsed(self, raw: RawDataElement, keyword: str | int) -> tuple[float, ...]:
        """Raises ValueError for text that is not a number and for bytes that end within a value."""
        value = bytes(raw.value or b"")
        vr = dictionary_VR(raw.tag) if raw.VR in (None, "UN") else raw.VR
        kind = _BINARY.get(vr, "u2" if vr.startswith("US or") else "")
        if kind:
            order = "<" if raw.is_little_endian else ">"
            return tuple(np.frombuffer(value, order + kind).astype(np.float64).tolist())
        text = _decoded(raw).strip("\0 ")
        if "," in text:
            self.note(f"{named(keyword)} has a decimal comma, read as a point")
        return _decimals(text.replace(",", ".").split("\\")) if text else ()


def named(keyword: str | int) -> str:
    """``WindowWidth`` -> ``WindowWidth (0028,1051)``."""
    tag = Tag(keyword)
    return f"{keyword} ({tag.group:04X},{tag.element:04X})"


def _decimals(parts: Sequence[str]) -> tuple[float, ...]:
    """Numbers of their texts; NaN for an empty part."""
    return tuple(float(part) if part.strip() else math.nan for part in parts)


def _decoded(raw: RawDataElement) -> str:
    value = bytes(raw.value or b"")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
