"""Prepared once, whole or not at all, by one process at a time."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from radz import storage as cache
from radz.errors import CacheError
from radz.storage import (
    Wheel,
    atomic_directory,
    atomic_file,
    content_hash,
    exclusive_lock,
    file_sha256,
    prepared,
    remove_unfinished,
    wheel_member,
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RADZ_CACHE", str(tmp_path / "cache"))


def make(directory: Path) -> None:
    (directory / "log").write_text("made")
    with (cache.cache_root() / "count").open("a") as file:
        file.write("x")


def times_made() -> int:
    return len((cache.cache_root() / "count").read_text())


def slow_make(directory: Path) -> None:
    (directory / "part").write_text("half")
    time.sleep(1)
    make(directory)


def hang(directory: Path) -> None:
    (directory / "part").write_text("half")
    time.sleep(60)


def test_it_is_made_once():
    first, second = prepared("thing", make, 1), prepared("thing", make, 1)
    assert first == second
    assert (first / "log").read_text() == "made"
    assert times_made() == 1


def test_two_processes_at_once_make_it_once():
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=prepared, args=("thing", slow_make, 1)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert times_made() == 1


def test_a_kill_during_the_first_preparation_leaves_nothing_that_is_taken_for_whole():
    worker = multiprocessing.get_context("fork").Process(target=prepared, args=("thing", hang, 1))
    worker.start()
    root = cache.cache_root()
    while not list(root.glob(".thing-*/part")):
        time.sleep(0.02)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(10)
    assert not (root / "thing").exists()
    assert (prepared("thing", make, 1) / "log").read_text() == "made"
    assert not list(root.glob(".thing-*"))


@pytest.mark.parametrize(
    "damage",
    [lambda d: (d / "log").write_text(""), lambda d: (d / "log").unlink(), lambda d: (d / cache.CONTENTS).unlink()],
)
def test_a_half_written_cache_is_made_again(damage):
    damage(prepared("thing", make, 1))
    assert (prepared("thing", make, 1) / "log").read_text() == "made"
    assert times_made() == 2


def test_no_space_is_said_before_anything_is_written(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 10, 0))
    with pytest.raises(CacheError, match=r"no space is left\. Free 900 MiB there, or set RADZ_CACHE"):
        prepared("thing", make, 900 << 20)
    assert not (cache.cache_root() / "thing").exists()


def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RADZ_CACHE", str(tmp_path / "file"))
    with pytest.raises(CacheError, match="could not be written"):
        prepared("thing", make, 1)


def test_a_lock_that_never_frees_is_said(monkeypatch):
    monkeypatch.setattr(cache, "LOCK_TIMEOUT_S", 0.1)
    root = cache.cache_root()
    root.mkdir(parents=True)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with cache.FileLock(root / "thing.lock"):
        context.Process(target=_try, args=(queue,)).start()
        assert re.search(r"delete .*thing\.lock", queue.get(timeout=20))


def _try(queue):
    try:
        prepared("thing", make, 1)
        queue.put("the lock was taken twice")
    except CacheError as error:
        queue.put(str(error))


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
    with pytest.raises(CacheError, match="has no member"):
        wheel_member(wheel, "thing/other", tmp_path / "out2")


def test_another_wheel_under_the_same_name_is_refused(wheel, tmp_path):
    other = Wheel(wheel.project, wheel.version, wheel.filename, "0" * 64)
    with pytest.raises(CacheError, match=r"is pinned\. It is damaged or not the published file"):
        wheel_member(other, "thing/data.bin", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_wheel_that_cannot_be_had_names_the_manual_route(wheel, tmp_path, monkeypatch):
    monkeypatch.delenv("RADZ_WHEELS")
    monkeypatch.setattr(cache.sys, "executable", "/bin/false")
    with pytest.raises(CacheError, match="set RADZ_WHEELS to the directory that holds it"):
        wheel_member(wheel, "thing/data.bin", tmp_path / "out")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with atomic_file(path) as partial:
        partial.write_text("first")
        assert not path.exists()

    def stopped() -> None:
        with atomic_file(path) as partial:
            partial.write_text("second")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert path.read_text() == "first"
    assert names_in(path.parent) == ["file.txt"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~cache._umask()


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_directory_replaces_an_old_one_whole(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(cache, "_exchanged", lambda first, second: False)
    for content in ("old", "new"):
        with atomic_directory(tmp_path / "made") as partial:
            (partial / content).write_text(content)

    def stopped() -> None:
        with atomic_directory(tmp_path / "made") as partial:
            (partial / "newest").touch()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert names_in(tmp_path) == ["made"]
    assert names_in(tmp_path / "made") == ["new"]


def test_a_second_holder_waits_for_the_lock(tmp_path):
    with exclusive_lock(tmp_path / "thing"), pytest.raises(cache.Timeout), exclusive_lock(tmp_path / "thing", 0.01):
        pass


def test_hashes_depend_on_the_content_alone():
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert content_hash(b"abc") == content_hash("abc") == abc
    assert content_hash({"b": 1, "a": 2}) == content_hash({"a": 2, "b": 1})
    assert content_hash(["a"]) != content_hash("a")


def test_removes_what_killed_processes_left_and_nothing_else(tmp_path):
    (tmp_path / ".scores.csv-x.unfinished").write_text("half")
    (tmp_path / ".model-y.unfinished").mkdir()
    (tmp_path / ".model-y.unfinished" / "weights").write_text("half")
    (tmp_path / "scores.csv").write_text("whole")
    (tmp_path / ".hidden").write_text("whole")
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "scores.csv"]
