"""Many images, some of them bad and one that ends the process of its decoder: the good ones are scored, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

import radz
from radz.imaging import read
from radz.imaging.subprocess_decoder import DECODER
from radz.serve.predictor import Predictor
from radz.types import Result

BAD_EVERY = 50
MIB = 1 << 20


@pytest.fixture(scope="module")
def predictor(tiny_checkpoint) -> Predictor:
    return radz.load(tiny_checkpoint)


@pytest.fixture(autouse=True)
def _killer(monkeypatch):
    """Reading the file killer.png ends the process of its decoder, as two DICOM files do with GDCM."""
    decode = read._decode

    def decode_or_die(content, *arguments):
        if content == b"killer":
            DECODER.call(os.abort)
        return decode(content, *arguments)

    monkeypatch.setattr(read, "_decode", decode_or_die)


def write_images(folder: Path, count: int, side: int) -> list[Path]:
    """``count`` images; every fiftieth is cut short, and the one in the middle ends its decoder."""
    paths = [folder / f"{i:04}.png" for i in range(count)]
    for i, path in enumerate(paths):
        ramp = np.add.outer(np.arange(side), np.arange(side) * (1 + i % 7)) % 251
        Image.fromarray(ramp.astype(np.uint8)).save(path)
        if i % BAD_EVERY == 1:
            path.write_bytes(path.read_bytes()[:60])
    paths[count // 2].write_bytes(b"killer")
    return paths


def check(results: Iterator[Result], paths: list[Path], watch=lambda: None) -> None:
    """Results are in order; good images are scored, and every other has its reason."""
    count = 0
    for i, (path, result) in enumerate(zip(paths, results, strict=True)):
        watch()
        assert result.image == str(path)
        if i == len(paths) // 2:
            assert "its decoder crashed" in result.error
        elif i % BAD_EVERY == 1:
            assert result.error.startswith(f"{path}: ")
        else:
            assert [finding.name for finding in result.findings] == ["mass"]
        count += 1
    assert count == len(paths)


def test_300_images(predictor, tmp_path):
    paths = write_images(tmp_path, 300, 32)
    check(predictor.stream(paths, ["mass"]), paths)


@pytest.mark.slow
def test_1500_images_in_flat_memory(predictor, tmp_path):
    paths = write_images(tmp_path, 1500, 1024)
    process, used = psutil.Process(), []
    check(predictor.stream(paths, ["mass"]), paths, lambda: used.append(process.memory_info().rss))
    assert max(used) - used[100] < 300 * MIB
