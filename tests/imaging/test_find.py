"""Images in folders: by suffix, or by the marker of DICOM."""

from __future__ import annotations

import os

import pytest

from radz.errors import ImageError
from radz.imaging.find import find_images, is_dicom, starts_as_dicom
from radz.imaging.read import read_image


def test_find_images_keeps_files_and_searches_folders(tmp_path):
    for name in ("b.PNG", "deep/a.jpeg", "c.txt", ".hidden.png", "DICOMDIR"):
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_bytes(b"x")
    for name in ("IM0001", "1.2.840.10008"):
        (tmp_path / "d" / name).write_bytes(bytes(128) + b"DICM")
    (tmp_path / "d" / "IM0002").write_bytes(b"\x08\0\x05\0CS\x0a\0ISO_IR 100")  # no preamble, no marker
    (tmp_path / "d" / "README").write_bytes(b"no image")
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    named = [tmp_path / "z.png", tmp_path / "notes.txt"]
    images = find_images([*named, tmp_path / "d"])
    assert images[:2] == named
    assert [str(p.relative_to(tmp_path / "d")) for p in images[2:]] == [
        "1.2.840.10008",
        "IM0001",
        "IM0002",
        "b.PNG",
        "deep/a.jpeg",
    ]


def test_folders_without_images(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match=r"no image in this folder or below. Looked for .png"):
        find_images([tmp_path, tmp_path / "empty"])
    assert find_images([tmp_path / "empty", tmp_path / "z.png"]) == [tmp_path / "empty", tmp_path / "z.png"]
    with pytest.raises(ImageError, match=r"empty: this is a folder, not an image, or no image in this folder or below"):
        read_image(tmp_path / "empty")


def test_links_are_listed_not_followed(tmp_path):
    folder = tmp_path / "folder"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "a.png").touch()
    (folder / "broken.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "IM1").symlink_to(tmp_path / "nowhere")
    (folder / "loop").symlink_to(folder)
    (folder / "notes.txt").symlink_to(tmp_path / "nowhere.txt")
    names = [str(path.relative_to(folder)) for path in find_images([folder])]
    assert names == ["IM1", "broken.png", "loop", "real/a.png"]
    with pytest.raises(ImageError, match=r"loop: this is a link to a folder, which is not followed. Name the folder"):
        read_image(folder / "loop")


def test_a_folder_that_cannot_be_listed_is_in_the_list(tmp_path, monkeypatch):
    (tmp_path / "a.png").touch()
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert find_images([tmp_path]) == [tmp_path / "a.png", tmp_path / "locked"]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ImageError, match=r"locked: this folder cannot be listed\. Check its permissions"):
        read_image(tmp_path / "locked")


@pytest.mark.parametrize(
    ("start", "is_one"),
    [
        (bytes(128) + b"DICM", True),
        (b"\x02\0\x10\0UI\x14\0", True),
        (b"\x08\0\x08\0\x16\0\0\0", True),
        (b"\0\x08\0\x05CS\0\x0a", True),
        (b"\x08\0\x08\0\x16\0\xff\0", False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"II*\0\x08\0\0\0", False),
        (b"", False),
    ],
)
def test_dicom_is_recognised_by_marker_or_first_element(tmp_path, start, is_one):
    (tmp_path / "file").write_bytes(start)
    assert starts_as_dicom(start) is is_dicom(tmp_path / "file") is is_one
