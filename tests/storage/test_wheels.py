"""Files of pinned wheels."""

from __future__ import annotations

import zipfile

import pytest

from radz.errors import CacheError
from radz.storage import (
    Wheel,
    file_sha256,
    wheel_member,
    wheels,
)


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Wheel:
    path = tmp_path / "wheels" / "thing-1-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing/data.bin", b"data")
    monkeypatch.setenv("RADZ_WHEELS", str(path.parent))
    return Wheel("thing-that-is-nowhere", "1", path.name, file_sha256(path))


def test_a_member_of_a_pinned_wheel(wheel, tmp_path):
    assert wheel_member(wheel, "thing/data.bin", tmp_path / "out").read_bytes() == b"data"
    with pytest.raises(CacheError, match=r"thing-1-py3-none-any.whl has no member thing/other"):
        wheel_member(wheel, "thing/other", tmp_path / "out2")


def test_another_wheel_under_the_same_name_is_refused(wheel, tmp_path):
    other = Wheel(wheel.project, wheel.version, wheel.filename, "0" * 64)
    with pytest.raises(CacheError, match=r"is pinned\. It is damaged or not the published file"):
        wheel_member(other, "thing/data.bin", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_wheel_that_cannot_be_had_names_the_manual_route(wheel, tmp_path, monkeypatch):
    monkeypatch.delenv("RADZ_WHEELS")
    monkeypatch.setattr(wheels.sys, "executable", "/bin/false")
    with pytest.raises(CacheError, match="set RADZ_WHEELS to the directory that holds it"):
        wheel_member(wheel, "thing/data.bin", tmp_path / "out")
