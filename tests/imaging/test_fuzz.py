"""Damaged files of every format: an Image or an error of radz, within seconds and bounded memory, never anything else.

The slow tier runs for ``RADZ_FUZZ_SECONDS`` (300 by default) with the seed ``RADZ_FUZZ_SEED``; `make fuzz` does too.
"""

from __future__ import annotations

import io
import os
import random
import resource
import time

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from dicom_fakes import content, film, gdcm_jpeg, table
from image_fakes import fake_radiograph
from radz.errors import RadzError
from radz.imaging.read import read_image, survey_image

SIDE = 96
STORED = np.asarray(fake_radiograph(0, SIDE)).astype(np.uint16) * 16
RASTER = [
    *(("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("TIFF", {})),
    *(("TIFF", {"compression": name}) for name in ("tiff_lzw", "tiff_deflate", "jpeg")),
]
SHUTTER = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [40, 40], "RadiusOfCircularShutter": 30}
EDGES = (b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f", b"\0\0\0\x80")
MAX_SECONDS, MAX_MEGABYTES = 10, 2048


def in_syntax(syntax):
    ds = film(STORED)
    if syntax.is_compressed:
        ds.compress(syntax, generate_instance_uid=False)
    ds.file_meta.TransferSyntaxUID = syntax
    return content(ds)


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory):
    """The bytes of a small file of each kind that radz reads."""
    files = []
    for name, options in RASTER:
        buffer = io.BytesIO()
        fake_radiograph(0, SIDE).save(buffer, name, **options)
        files.append(buffer.getvalue())
    files.append(content(film(STORED, VOILUTSequence=table(np.arange(4096)), PixelPaddingValue=0)))
    files.append(content(film(STORED, WindowCenter=2048, WindowWidth=4096, **SHUTTER)))
    syntaxes = (DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless)
    files += [in_syntax(syntax) for syntax in syntaxes]
    folder = tmp_path_factory.mktemp("jpeg")
    kinds = ("JPEGLosslessProcess14_1", "JPEGExtendedProcess2_4")
    return files + [gdcm_jpeg(folder, film(STORED), kind).read_bytes() for kind in kinds]


def damaged(sound, rng):
    """Some bits, bytes or runs of bytes changed, repeated, added or missing; headers more often than pixels."""
    spoilt = bytearray(sound)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        at = rng.randrange(len(spoilt) if rng.random() < 0.5 else min(len(spoilt), 800))
        match rng.randrange(6):
            case 0:
                spoilt[at] ^= 1 << rng.randrange(8)
            case 1:
                spoilt[at : at + 4] = rng.choice(EDGES)
            case 2:
                del spoilt[at : at + rng.randrange(1, 64)]
            case 3:
                spoilt[at:at] = rng.randbytes(rng.randrange(1, 16))
            case 4:
                spoilt[at:at] = spoilt[max(0, at - 64) : at]
            case _:
                del spoilt[max(200, at) :]
    return bytes(spoilt)


def outcome(path, spoilt):
    """Read and survey one file: whether it was read, and the seconds that it took."""
    path.write_bytes(spoilt)
    before = time.monotonic()
    try:
        image = read_image(path)
        assert np.isfinite(image.pixels).all()
        survey_image(path)
    except RadzError as error:
        assert str(error).isprintable()  # noqa: PT017
        return False, time.monotonic() - before
    return True, time.monotonic() - before


def test_damaged_files_end_in_images_or_typed_errors(sound_files, tmp_path):
    rng = random.Random(0)
    outcomes = [outcome(tmp_path / "image", damaged(sound, rng)) for sound in sound_files for _ in range(10)]
    readable = sum(is_read for is_read, _ in outcomes)
    assert 0.05 * len(outcomes) < readable < 0.5 * len(outcomes), "measured 0.13"
    assert max(seconds for _, seconds in outcomes) < MAX_SECONDS


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_damaged_files_for_minutes(sound_files, tmp_path):
    rng = random.Random(int(os.environ.get("RADZ_FUZZ_SEED", "1")))
    end = time.monotonic() + float(os.environ.get("RADZ_FUZZ_SECONDS", "300"))
    while time.monotonic() < end:
        spoilt = damaged(rng.choice(sound_files), rng)
        _, seconds = outcome(tmp_path / "image", spoilt)
        assert seconds < MAX_SECONDS, f"{seconds:.0f} s for {tmp_path / 'image'}"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < MAX_MEGABYTES
