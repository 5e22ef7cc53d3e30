"""Files and directories that appear whole or not at all, and locks."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from filelock import Timeout

from radz.storage import (
    atomic,
    atomic_directory,
    atomic_file,
    exclusive_lock,
    remove_unfinished,
)


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
    assert path.stat().st_mode & 0o777 == 0o666 & ~atomic._umask()


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_directory_replaces_an_old_one_whole(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(atomic, "_exchanged", lambda first, second: False)
    for content in ("old", "new"):
        with atomic_directory(tmp_path / "saved") as partial:
            (partial / content).write_text(content)

    def stopped() -> None:
        with atomic_directory(tmp_path / "saved") as partial:
            (partial / "newest").touch()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert names_in(tmp_path) == ["saved"]
    assert names_in(tmp_path / "saved") == ["new"]


def test_a_second_holder_waits_for_the_lock(tmp_path):
    with exclusive_lock(tmp_path / "thing"), pytest.raises(Timeout), exclusive_lock(tmp_path / "thing", 0.01):
        pass


def test_removes_what_killed_processes_left_and_nothing_else(tmp_path):
    (tmp_path / ".scores.csv-x.unfinished").write_text("half")
    (tmp_path / ".model-y.unfinished").mkdir()
    (tmp_path / ".model-y.unfinished" / "weights").write_text("half")
    (tmp_path / "scores.csv").write_text("whole")
    (tmp_path / ".hidden").write_text("whole")
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "scores.csv"]


def test_leftovers_of_one_name_are_removed_once_they_are_old(tmp_path):
    old, young, other = (tmp_path / f".{name}.unfinished" for name in ("anchors-1", "anchors-2", "scores-3"))
    for path in (old, young, other):
        path.mkdir()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    remove_unfinished(tmp_path, "anchors", older_than_s=3600)
    assert names_in(tmp_path) == [young.name, other.name]


def killed_before(step: str, path: Path) -> None:
    """Replace the directory ``path`` and die at ``step``."""
    setattr(atomic, step, lambda *_: os._exit(9))
    with atomic_directory(path) as partial:
        (partial / "content").write_text("new")


@pytest.mark.parametrize("step", ["_flush", "_take_place", "_exchanged"])
def test_a_kill_at_any_step_leaves_the_old_directory(tmp_path, step):
    path = tmp_path / "saved"
    with atomic_directory(path) as partial:
        (partial / "content").write_text("old")
    worker = multiprocessing.get_context("fork").Process(target=killed_before, args=(step, path))
    worker.start()
    worker.join(20)
    assert worker.exitcode == 9
    assert (path / "content").read_text() == "old"
    with atomic_directory(path) as partial:
        (partial / "content").write_text("newest")
    assert (path / "content").read_text() == "newest"


def test_a_kill_after_the_exchange_leaves_the_new_directory(tmp_path):
    path = tmp_path / "saved"
    with atomic_directory(path) as partial:
        (partial / "content").write_text("old")

    def die() -> None:
        atomic.shutil.rmtree = lambda *_, **__: os._exit(9)
        with atomic_directory(path) as partial:
            (partial / "content").write_text("new")

    worker = multiprocessing.get_context("fork").Process(target=die)
    worker.start()
    worker.join(20)
    assert worker.exitcode == 9
    assert (path / "content").read_text() == "new"
