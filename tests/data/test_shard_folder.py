"""The folder or URL that shards are written to."""

from __future__ import annotations

import fsspec
import pytest

from radz.data.shard_folder import ShardFolder
from radz.errors import CorpusError
from radz.storage import exclusive_lock


@pytest.fixture(params=["file", "memory"])
def folder(request, tmp_path):
    path = str(tmp_path / "out")
    yield ShardFolder(fsspec.filesystem(request.param), path, "URL")
    if request.param == "memory" and fsspec.filesystem("memory").exists(path):
        fsspec.filesystem("memory").rm(path, recursive=True)


@pytest.fixture
def local(tmp_path):
    return ShardFolder(fsspec.filesystem("file"), str(tmp_path / "out"), "URL")


def test_files_are_written_and_removed(folder):
    with folder.opened():
        with folder.written("a") as file:
            file.write(b"content")
        assert folder.fs.cat_file(f"{folder.path}/a") == b"content"
        folder.remove(["a", "never there"])
        assert not folder.fs.exists(f"{folder.path}/a")


def write_half(file):
    file.write(b"new")
    raise KeyboardInterrupt


def test_a_file_that_is_not_finished_leaves_the_old_one(local, tmp_path):
    with local.opened():
        with local.written("a") as file:
            file.write(b"old")
        with pytest.raises(KeyboardInterrupt), local.written("a") as file:
            write_half(file)
    assert (tmp_path / "out" / "a").read_bytes() == b"old"
    assert not [*(tmp_path / "out").glob(".*.unfinished")]


def test_what_a_killed_process_left_is_removed(local, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a-x.unfinished").write_bytes(b"half")
    (tmp_path / "out" / "a").write_bytes(b"whole")
    with local.opened():
        assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [".convert.lock", "a"]


def test_one_process_at_a_time(local, tmp_path):
    with (
        exclusive_lock(tmp_path / "out" / ".convert"),
        pytest.raises(CorpusError, match="URL: another process is converting to this place"),
        local.opened(),
    ):
        pass


def test_a_place_that_cannot_be_written_is_named(local, tmp_path):
    (tmp_path / "out").write_text("a file, not a folder")
    with (
        pytest.raises(CorpusError, match=r"URL: cannot be written: .*\. Make space or choose another place"),
        local.opened(),
    ):
        pass
    (tmp_path / "out").unlink()
    with pytest.raises(CorpusError, match=r"URL: cannot be written: No space left on device"), local.opened():
        raise OSError(28, "No space left on device")
