"""PNG, JPEG and TIFF: derivable values for each format, and a reason for each refusal."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from radz.errors import ImageError
from radz.imaging.read import read_image

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
EXACT = RAMP.astype(np.float32) / 255


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.tiff", "a.dat"])
def test_eight_bit_values_are_divided_by_255(tmp_path, name):
    pixels = read_image(save(tmp_path / name, RAMP, format="PNG" if name == "a.dat" else None)).pixels
    assert pixels.shape == (1, 16, 16)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[0], EXACT, atol=1e-7)


def test_eight_bit_contrast_is_not_stretched(tmp_path):
    pixels = read_image(save(tmp_path / "a.png", (RAMP // 4 + 64))).pixels
    assert pixels.min() == pytest.approx(64 / 255)
    assert pixels.max() == pytest.approx(127 / 255)


def test_jpeg_is_read_to_within_its_loss(tmp_path):
    pixels = read_image(save(tmp_path / "a.jpg", RAMP, quality=100))
    assert np.abs(pixels[0] - EXACT).max() < 0.01  # measured 0.004


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("step", [16, 257])
def test_sixteen_bit_range_is_that_of_the_values(tmp_path, suffix, step):
    """12 used bits and 16 give the same film: the range of such a file is not declared."""
    pixels = read_image(save(tmp_path / f"a.{suffix}", RAMP.astype(np.uint16) * step))
    np.testing.assert_allclose(pixels[0], EXACT, atol=1e-6)


def test_a_window_names_the_stored_values_of_black_and_white(tmp_path):
    deep = save(tmp_path / "ct.png", RAMP.astype(np.uint16) + 32768)
    pixels = read_image(deep, window=(32768 + 51, 32768 + 204))
    np.testing.assert_allclose(pixels[0], np.clip((EXACT - 0.2) / 0.6, 0, 1), atol=1e-6)
    with pytest.raises(ImageError, match=r"a window was given, but the file has 8 bits a pixel"):
        read_image(save(tmp_path / "a.png", RAMP), window=(0, 100))


def test_one_bit_and_palette_grey(tmp_path):
    bits = RAMP > 100
    Image.fromarray(bits).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_image(tmp_path / "bits.png")[0], bits.astype(np.float32))
    palette = Image.fromarray(RAMP).convert("P")
    palette.putpalette([v for v in range(255, -1, -1) for _ in range(3)])
    palette.putdata(RAMP.ravel())
    palette.save(tmp_path / "palette.png")
    np.testing.assert_allclose(read_image(tmp_path / "palette.png", inverted=False)[0], 1 - EXACT, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_tiff_is_turned_round(tmp_path, dtype):
    stored = RAMP.astype(dtype) * (1 if dtype is np.uint8 else 257)
    plain = save(tmp_path / "plain.tif", stored)
    data = bytearray(plain.read_bytes())
    entry = data.find(struct.pack("<HHI", 262, 3, 1))  # BlackIsZero as Pillow wrote it
    assert struct.unpack_from("<H", data, entry + 8) == (1,)
    struct.pack_into("<H", data, entry + 8, 0)
    (tmp_path / "white.tif").write_bytes(data)
    np.testing.assert_allclose(read_image(tmp_path / "white.tif")[0], 1 - EXACT, atol=1e-6)


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # show turned by 90 degrees clockwise
    path = save(tmp_path / "a.png", RAMP[:8], exif=exif)
    np.testing.assert_allclose(read_image(path)[0], np.rot90(EXACT[:8], -1), atol=1e-7)


def test_equal_channels_are_grey_and_a_small_marker_is_tolerated(tmp_path):
    rgb = np.repeat(np.kron(RAMP, np.ones((2, 2), np.uint8))[..., None], 3, axis=2)
    np.testing.assert_allclose(read_image(save(tmp_path / "a.png", rgb))[0, ::2, ::2], EXACT, atol=1e-7)
    rgb[0, :10] = (255, 0, 0)  # 10 of 1024 pixels, 0.98 %
    assert read_image(save(tmp_path / "b.png", rgb))[0, 0, 0] == pytest.approx(0.299)
    rgb[0, :11] = (255, 0, 0)  # 1.07 %
    with pytest.raises(ImageError, match=r"1% of the pixels are coloured"):
        read_image(save(tmp_path / "c.png", rgb))


def test_opaque_alpha_is_dropped_and_transparency_refused(tmp_path):
    rgba = np.dstack([RAMP] * 3 + [np.full_like(RAMP, 255)])
    np.testing.assert_allclose(read_image(save(tmp_path / "a.png", rgba))[0], EXACT, atol=1e-7)
    rgba[0, 0, 3] = 254
    with pytest.raises(ImageError, match=r"partly transparent"):
        read_image(save(tmp_path / "b.png", rgba))


# ---- refusals


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a report, not a film", r"not an image that radz reads. Allowed: PNG, JPEG, TIFF and DICOM"),
        (b"GIF89a" + bytes(40), r"not an image that radz reads"),
        (b"\xff\xd8\xff\xc3" + bytes(40), r"this JPEG cannot be read: its header is damaged, or it is lossless"),
    ],
)
def test_files_that_are_no_image(tmp_path, content, reason):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=reason):
        read_image(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_truncated_file(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    path = save(tmp_path / name, noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=r"damaged, truncated or corrupt"):
        read_image(path)


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_decompression_bomb_is_refused_by_its_header(tmp_path, side):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(ImageError, match=r"pixels.*limit (is|of) 67,108,864"):
        read_image(path)


def test_several_images_in_one_file(tmp_path):
    first = Image.fromarray(RAMP)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[first, first])
    with pytest.raises(ImageError, match=r"holds several images \(multi-frame\)"):
        read_image(tmp_path / "a.tif")


def ifd_chain(count):
    """A TIFF of ``count`` images of 8 x 8 pixels that share their pixels."""
    fields = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    fields += [(278, 4, 1, 8), (279, 4, 1, 64)]
    size = 2 + 12 * len(fields) + 4
    content = bytearray(b"II*\0" + struct.pack("<I", 72) + bytes(range(64)))
    for i in range(count):
        following = 72 + (i + 1) * size if i < count - 1 else 0
        content += struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields)
        content += struct.pack("<I", following)
    return bytes(content)


def test_images_of_a_tiff_are_not_counted(tmp_path):
    (tmp_path / "a.tif").write_bytes(ifd_chain(1))
    assert read_image(tmp_path / "a.tif")[0].shape == (8, 8)
    (tmp_path / "b.tif").write_bytes(ifd_chain(40_000))
    before = time.process_time()
    with pytest.raises(ImageError, match="the file holds several images"):
        read_image(tmp_path / "b.tif")
    assert time.process_time() - before < 1  # counting them takes 10 s


def test_a_png_whose_checksum_does_not_fit_is_refused(tmp_path):
    path = save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"the PNG is damaged, truncated or corrupt \(broken PNG file"):
        read_image(path)


def test_a_jpeg_whose_data_are_damaged_is_refused(tmp_path):
    path = save(tmp_path / "a.jpg", np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    content = bytearray(path.read_bytes())
    content[2000:2016] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"the JPEG is damaged, truncated or corrupt \("):
        read_image(path)


def test_exif_orientation_of_a_jpeg_is_applied(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    smooth = np.kron(RAMP[:8], np.ones((8, 8), np.uint8))
    upright, turned = save(tmp_path / "a.jpg", smooth), save(tmp_path / "b.jpg", smooth, exif=exif)
    np.testing.assert_array_equal(read_image(turned)[0], np.rot90(read_image(upright)[0], -1))
