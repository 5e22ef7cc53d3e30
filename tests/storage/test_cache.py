"""Prepared once, whole or not at all, by one process at a time."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import time
from collections import namedtuple
from pathlib import Path

import pytest
from filelock import FileLock

from damage import flip_last_bit
from radz.errors import CacheError
from radz.storage import (
    cache,
    content_hash,
    file_sha256,
    known_sha256,
    prepared,
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RADZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "hash_records", lambda: cache.cache_root() / "hashes")


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
    [
        lambda d: (d / "log").write_text(""),
        lambda d: (d / "log").write_text("mode"),
        lambda d: (d / "log").unlink(),
        lambda d: (d / cache.CONTENTS).unlink(),
        lambda d: (d / cache.CONTENTS).write_text(json.dumps({"log": 4})),
        lambda d: flip_last_bit(d / cache.CONTENTS),
    ],
    ids=["empty", "flipped bits", "missing", "no contents", "contents of radz 0.1", "damaged contents"],
)
def test_a_damaged_cache_is_made_again(damage):
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
    with FileLock(root / "thing.lock"):
        context.Process(target=_try, args=(queue,)).start()
        assert re.search(r"delete .*thing\.lock", queue.get(timeout=20))


def _try(queue):
    try:
        prepared("thing", make, 1)
        queue.put("the lock was taken twice")
    except CacheError as error:
        queue.put(str(error))


@pytest.fixture
def old_file(tmp_path):
    """A file that was written a while ago."""
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 1))
    return path


@pytest.fixture
def read(monkeypatch):
    """Names of the files that are read to be hashed; every file counts as settled."""
    monkeypatch.setattr(cache, "SETTLED_S", -1.0)
    names = []
    monkeypatch.setattr(cache, "file_sha256", lambda path: names.append(path.name) or file_sha256(path))
    return names


def test_a_file_is_read_once_per_state(old_file, read):
    assert known_sha256(old_file) == known_sha256(old_file) == content_hash(b"abc")
    assert read == ["weights"]
    flip_last_bit(old_file)
    assert known_sha256(old_file) == content_hash(b"abb")
    assert read == ["weights", "weights"]


def test_another_file_of_the_same_size_and_time_is_read(old_file, read, tmp_path):
    known_sha256(old_file)
    other = tmp_path / "other"
    other.write_bytes(b"xyz")
    os.utime(other, ns=(1, 1))
    other.replace(old_file)
    assert known_sha256(old_file) == content_hash(b"xyz")


def test_a_record_that_was_changed_is_not_believed(old_file, read):
    known_sha256(old_file)
    (record,) = (cache.cache_root() / "hashes").iterdir()
    record.write_text(record.read_text().replace(content_hash(b"abc"), "0" * 64))
    assert known_sha256(old_file) == content_hash(b"abc")
    assert len(read) == 2


def test_a_file_that_was_written_just_now_is_read_again(old_file):
    old_file.write_bytes(b"abc")
    known_sha256(old_file)
    assert not (cache.cache_root() / "hashes").exists()


def test_without_a_writable_cache_files_are_read_every_time(old_file, read, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RADZ_CACHE", str(tmp_path / "file"))
    assert known_sha256(old_file) == known_sha256(old_file) == content_hash(b"abc")
    assert len(read) == 2


def test_a_prepared_directory_is_read_once(read):
    place = prepared("thing", make, 1)
    assert prepared("thing", make, 1) == prepared("thing", make, 1) == place
    assert read == ["log", "log"], "when it is made and at the next start"
