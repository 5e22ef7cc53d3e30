"""The one door for pixels: polarity, what every format is refused for, and one opening of each file."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import radz
from image_fakes import fake_radiograph
from opened_files import opened_files
from radz.data.corpora._fakes import fake_chest, write_radiograph
from radz.errors import ImageError, MissingExtraError
from radz.imaging.near_duplicates import fingerprints, thumbnail
from radz.imaging.pixels import looks_inverted
from radz.imaging.read import read_image, survey_image

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
EXACT = RAMP.astype(np.float32) / 255


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.dcm"])
def test_a_file_is_opened_once(tmp_path, name):
    write_radiograph(tmp_path / name, seed=0)
    with opened_files() as opened:
        assert radz.read_image(str(tmp_path / name))[0].shape == (64, 64)
    assert opened.count(str(tmp_path / name)) == 1


def test_the_public_function_is_imported_on_first_use():
    script = "import sys, radz; before = 'numpy' in sys.modules; radz.read_image; print(before, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    with pytest.raises(AttributeError, match="module 'radz' has no attribute 'read_picture'"):
        radz.read_picture  # noqa: B018


def test_inverted_turns_round(tmp_path):
    path = save(tmp_path / "a.png", RAMP)
    np.testing.assert_allclose(read_image(path, inverted=True)[0], 1 - EXACT, atol=1e-7)
    np.testing.assert_allclose(read_image(path, inverted=False)[0], EXACT, atol=1e-7)


def test_an_image_that_looks_inverted_needs_the_option(tmp_path):
    film = fake_chest(0)
    right, wrong = save(tmp_path / "right.png", film), save(tmp_path / "wrong.png", 255 - film)
    assert not looks_inverted(read_image(right).pixels)
    with pytest.raises(ImageError, match=r"wrong.png: the image looks inverted .* option inverted: True"):
        read_image(wrong)
    np.testing.assert_allclose(read_image(wrong, inverted=True), read_image(right), atol=1e-6)
    np.testing.assert_allclose(read_image(wrong, inverted=False), 1 - read_image(right)[:], atol=1e-6)


# ---- refusals


def test_empty_file(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ImageError, match=r"empty \(0 bytes\)"):
        read_image(tmp_path / "a.png")


def test_a_window_of_a_dicom_file(tmp_path):
    write_radiograph(tmp_path / "a.dcm", seed=0)
    with pytest.raises(ImageError, match="a window was given, but a DICOM file has its own"):
        read_image(tmp_path / "a.dcm", window=(0, 255))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(ImageError, match=r"nowhere.png: there is no such file"):
        read_image(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match=r"this is a folder, not an image"):
        read_image(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match=r"pipe.png: this is a device or pipe, not a file"):
        read_image(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match=r"link.png: this is a link to a file that does not exist"):
        read_image(tmp_path / "link.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(ImageError, match=r"loop.png: the file cannot be opened \(Too many levels"):
        read_image(tmp_path / "loop.png")


def test_control_characters_of_a_name_are_escaped(tmp_path):
    with pytest.raises(ImageError, match=r"\\x1b\[2J\.png: there is no such file") as caught:
        read_image(tmp_path / "\x1b[2J.png")
    assert str(caught.value).isprintable()


def test_what_a_decoder_raises_ends_in_an_image_error(tmp_path, monkeypatch):
    def fail(content, window):
        raise IndexError("odd\n\x1b bytes")

    monkeypatch.setattr("radz.imaging.read.read_raster", fail)
    with pytest.raises(
        ImageError, match=r"a\.png: cannot be decoded \(IndexError: odd \\x1b bytes\)\. Open it in a viewer"
    ):
        read_image(save(tmp_path / "a.png", RAMP))


def test_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate((1 << 30) + 1)  # sparse: no disk is used
    with pytest.raises(ImageError, match=r"the file has 1,073,741,825 bytes"):
        read_image(path)


def test_constant_image(tmp_path):
    with pytest.raises(ImageError, match=r"every pixel has the same value"):
        read_image(save(tmp_path / "a.png", np.full((8, 8), 7, np.uint8)))
    with pytest.raises(ImageError, match=r"every pixel has the same value"):
        read_image(save(tmp_path / "b.png", np.full((8, 8), 7, np.uint16)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity(tmp_path, bad):
    values = EXACT.copy()
    values[3, 3] = bad
    with pytest.raises(ImageError, match=r"NaN or infinite"):
        read_image(save(tmp_path / "a.tif", values))


def test_named_dicom_without_its_marker(tmp_path):
    save(tmp_path / "a.dcm", RAMP, format="PNG")
    with pytest.raises(ImageError, match=r"marker 'DICM' after 128 bytes is missing"):
        read_image(tmp_path / "a.dcm")


def test_dicom_without_pydicom_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM")
    monkeypatch.delitem(sys.modules, "radz.imaging.dicom", raising=False)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'radz\[dicom\]'"):
        read_image(tmp_path / "a.dcm")


# ---- survey


def likeness(path):
    """Cosine of a survey's thumbnail with that of the pixels that reading gives."""
    digest, small = survey_image(path)
    assert (len(digest), small.shape) == (32, (17, 17))
    whole = thumbnail(read_image(path, inverted=False))
    return float(np.prod([fingerprints(each[np.newaxis]).astype(float) for each in (small, whole)], axis=0).sum())


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "turned.jpg"])
@pytest.mark.parametrize("size", [(320, 320), (1001, 807), (67, 320)])
def test_a_survey_sees_the_image_that_reading_gives(name, size, tmp_path):
    exif = Image.Exif()
    exif[274] = 6 if name == "turned.jpg" else 1
    fake_radiograph(0).resize(size).save(tmp_path / name, exif=exif)
    # rounded to 8 bits, and of a JPEG by its decoder: 0.959 at least on 4,607 development images, half above 0.997
    assert likeness(tmp_path / name) > 0.99


def test_equal_means_do_not_make_an_image_empty(tmp_path):
    board = np.indices((272, 272)).sum(axis=0).astype(np.uint8) % 2 * 64 + 96  # a mean of 128 everywhere
    Image.fromarray(board).save(tmp_path / "a.jpg", quality=100)
    _, small = survey_image(tmp_path / "a.jpg")
    assert small.min() == small.max()
    Image.new("L", (256, 256), 128).save(tmp_path / "b.jpg")
    with pytest.raises(ImageError, match="every pixel has the same value"):
        survey_image(tmp_path / "b.jpg")


@pytest.mark.parametrize("keep", [0.5, 0.95])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_survey_finds_a_jpeg_cut_short(keep, progressive, tmp_path):
    fake_radiograph(0).save(tmp_path / "a.jpg", progressive=progressive)
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ImageError, match="truncated"):
        survey_image(tmp_path / "a.jpg")
