"""Bytes to a dataset: with and without preamble and transfer syntax, deflated within bounds, truncated."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian  # noqa: E402

from dicom_fakes import EXACT, RAMP, content, film  # noqa: E402
from radz.errors import ImageError  # noqa: E402
from radz.imaging.dicom_file import parse_dicom  # noqa: E402
from radz.imaging.read import read_image  # noqa: E402


def film_as(syntax, **options):
    """The bytes of a file in an uncompressed transfer syntax."""
    ds = film(**options)
    ds.file_meta.TransferSyntaxUID = syntax
    return content(ds)


def dataset_of(whole):
    """What follows preamble, marker and file meta."""
    length = struct.unpack_from("<I", whole, 140)[0]
    return whole[144 + length :]


def without_syntax(whole):
    """A file whose meta group has no transfer syntax."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    buffer = pydicom.filebase.DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    pydicom.filewriter.write_dataset(buffer, meta)
    return bytes(128) + b"DICM" + buffer.getvalue() + dataset_of(whole)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian], ids=lambda s: s.name)
def test_uncompressed_syntaxes(tmp_path, syntax):
    (tmp_path / "a.dcm").write_bytes(film_as(syntax))
    np.testing.assert_allclose(read_image(tmp_path / "a.dcm")[0], EXACT, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_big_endian(tmp_path, dtype):
    stored = RAMP.astype(dtype)
    ds = film(stored)
    ds.PixelData = stored.byteswap().tobytes()
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    ds["PixelData"].VR = "OB" if dtype is np.uint8 else "OW"
    (tmp_path / "a.dcm").write_bytes(content(ds))
    np.testing.assert_allclose(read_image(tmp_path / "a.dcm")[0], EXACT, atol=1e-6)


@pytest.mark.parametrize("name", ["IM0001", "a.dcm", "a.png"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, pydicom.uid.ExplicitVRLittleEndian], ids=lambda s: s.name)
def test_a_bare_dataset_is_read_whatever_its_name(tmp_path, name, syntax):
    (tmp_path / name).write_bytes(dataset_of(film_as(syntax)))
    image = read_image(tmp_path / name)
    np.testing.assert_allclose(image[0], EXACT, atol=1e-6)
    assert image.notes == (f"TransferSyntaxUID (0002,0010) is missing, the file was read as {syntax.name}",)


def test_a_file_without_preamble_keeps_its_meta_group(tmp_path):
    (tmp_path / "a").write_bytes(film_as(pydicom.uid.ExplicitVRLittleEndian)[132:])
    np.testing.assert_allclose(read_image(tmp_path / "a")[0], EXACT, atol=1e-6)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, pydicom.uid.ExplicitVRLittleEndian, ExplicitVRBigEndian], ids=lambda s: s.name
)
def test_a_missing_transfer_syntax_is_that_of_the_first_element(syntax):
    file = parse_dicom(without_syntax(film_as(syntax)), ["Rows"])
    assert (file.syntax, file.declared, file.dataset.Rows) == (syntax, False, 16)


def test_a_missing_transfer_syntax_is_noted_or_where_it_matters_named(tmp_path):
    (tmp_path / "a.dcm").write_bytes(without_syntax(film_as(ImplicitVRLittleEndian)))
    image = read_image(tmp_path / "a.dcm")
    np.testing.assert_allclose(image[0], EXACT, atol=1e-6)
    assert image.notes == ("TransferSyntaxUID (0002,0010) is missing, the file was read as Implicit VR Little Endian",)
    ds = film()
    ds.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    (tmp_path / "a.dcm").write_bytes(without_syntax(content(ds)))
    with pytest.raises(ImageError, match=r"TransferSyntaxUID \(0002,0010\) is missing, but the Pixel Data are"):
        read_image(tmp_path / "a.dcm")


@pytest.mark.parametrize("uid", ["1.2.840.10008.5.1.4.1.1.1.1", "1.2.3.4", "\x1b[2J"])
def test_an_unknown_transfer_syntax_is_named(uid):
    whole = film_as(pydicom.uid.ExplicitVRLittleEndian)
    declared = pydicom.uid.ExplicitVRLittleEndian.encode() + b"\0"
    unknown = uid.encode().ljust(len(declared), b"\0")[: len(declared)]
    with pytest.raises(ImageError, match=r"TransferSyntaxUID \(0002,0010\) is .*, which radz does not know") as caught:
        parse_dicom(whole.replace(declared, unknown), ["Rows"])
    assert str(caught.value).isprintable()


def test_only_the_elements_asked_for_are_parsed():
    dataset = parse_dicom(content(film()), ["Rows", 0x00280011]).dataset
    assert {str(tag) for tag in dataset.keys()} == {"(0028,0010)", "(0028,0011)"}  # noqa: SIM118


# ---- deflated


def deflated(data, group_length=None):
    """A deflated file of ``data``; ``group_length`` is what its meta group declares."""
    whole = bytearray(film_as(DeflatedExplicitVRLittleEndian))
    start = 144 + struct.unpack_from("<I", whole, 140)[0]
    if group_length is not None:
        struct.pack_into("<I", whole, 140, group_length)
    return bytes(whole[:start]) + data


@pytest.mark.parametrize("group_length", [None, 0, 4, 1 << 20])
def test_a_deflated_bomb_is_refused_whatever_its_group_length(monkeypatch, group_length):
    monkeypatch.setattr("radz.imaging.dicom_file.MAX_INFLATED", 3000)
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = compressor.compress(bytes(100_000)) + compressor.flush()
    with pytest.raises(ImageError, match=r"grows beyond the limit of 3,000 bytes"):
        parse_dicom(deflated(bomb, group_length), ["Rows"])


def test_damaged_and_truncated_deflated_data():
    sound = film_as(DeflatedExplicitVRLittleEndian)
    start = 144 + struct.unpack_from("<I", sound, 140)[0]
    with pytest.raises(ImageError, match="the deflated data are damaged, truncated before their end"):
        parse_dicom(sound[: start + 40], ["Rows"])
    with pytest.raises(ImageError, match="the deflated data are damaged, truncated or corrupt"):
        parse_dicom(sound[:start] + b"\xff" * 40, ["Rows"])
