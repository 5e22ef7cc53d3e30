"""Values of elements: whatever their VR, and as if absent where they are empty or malformed."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom import Dataset

from dicom_fakes import put
from radz.errors import ImageError
from radz.imaging.dicom_elements import Elements, named


def elements(keyword, value, vr=None):
    ds = Dataset()
    put(ds, keyword, value, vr)
    return Elements(ds)


@pytest.mark.parametrize(
    ("value", "vr", "numbers"),
    [
        (b"2047,5", "DS", (2047.5,)),
        (b"1.5\\-2e3 ", "DS", (1.5, -2000.0)),
        (b"7", "IS", (7.0,)),
        (b"\x05\0", "US", (5.0,)),
        (b"\xff\xff", "SS", (-1.0,)),
        (b"\xff\xff", "US", (65535.0,)),
        (b"\0\0\0\x40", "FL", (2.0,)),
        (b"12", "UN", (12.0,)),
    ],
)
def test_numbers_of_any_vr(value, vr, numbers):
    assert elements("WindowWidth", value, vr).numbers("WindowWidth") == numbers


def test_an_empty_part_is_no_number():
    first, second = elements("WindowWidth", b"\\7").numbers("WindowWidth")
    assert math.isnan(first)
    assert second == 7


@pytest.mark.parametrize(
    ("value", "vr", "why"),
    [
        (b"", "DS", "empty"),
        (b" \0", "DS", "empty"),
        (b"wide", "DS", "malformed"),
        (b"\x05\0\0\0\0\0", "UL", "malformed"),
    ],
)
def test_what_holds_no_number_is_as_if_absent_and_noted(value, vr, why):
    width = elements("WindowWidth", value, vr)
    assert width.numbers("WindowWidth") == ()
    assert width.number("WindowWidth") is None
    assert width.notes == [f"WindowWidth (0028,1051) is {why} and was ignored"]


def test_an_infinite_number_is_malformed():
    width = elements("WindowWidth", b"inf")
    assert width.number("WindowWidth") is None
    assert width.notes == ["WindowWidth (0028,1051) is malformed and was ignored"]


def test_absent_is_not_noted():
    absent = Elements(Dataset())
    assert (absent.numbers("WindowWidth"), absent.text("Modality"), absent.items("VOILUTSequence")) == ((), "", [])
    assert absent.notes == []


def test_a_required_element_is_named():
    assert elements("BitsStored", b"\x0c\0").required("BitsStored") == 12
    for value, vr in ((b"", "US"), (b"12.5", "DS"), (b"many", "IS")):
        with pytest.raises(ImageError, match=r"BitsStored \(0028,0101\) is missing or malformed"):
            elements("BitsStored", value, vr).required("BitsStored")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"dx ", "DX"),
        (b"T\xc3\x93RAX", "TÓRAX"),
        (b"T\xd3RAX", "TÓRAX"),
        (b"\x1b[2J", ""),
        (b"x" * 17, ""),
        (b"A\\B", ""),
    ],
)
def test_codes_are_upper_case_and_never_free_text(value, code):
    assert elements("BodyPartExamined", value).code("BodyPartExamined") == code


@pytest.mark.parametrize(("value", "uid"), [(b"1.2.3\0", "1.2.3"), (b"1.2.x", ""), (b"1" * 66, "")])
def test_identifiers_are_digits_and_points(value, uid):
    assert elements("StudyInstanceUID", value, "UI").uid("StudyInstanceUID") == uid


def test_a_malformed_sequence_is_noted():
    lut = elements("VOILUTSequence", b"\xfe\xff\x00\xe0garbage!", "SQ")
    assert lut.items("VOILUTSequence") == []
    assert len(lut.notes) == 1


def test_elements_are_named_with_their_tags():
    assert named("PixelPaddingValue") == "PixelPaddingValue (0028,0120)"
