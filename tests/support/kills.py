"""Processes that are killed at their n-th change of a directory, as kill -9 or a power cut would."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

CHANGES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree")
KILLED, FAILED = 9, 3


def run_killed(run: Callable[[], object], folder: Path, change: int) -> bool:
    """Whether ``run``, in a child process, was killed before the ``change``-th change below ``folder``, from 1."""
    child = os.fork()
    if child == 0:
        _kill_at(str(folder), change)
        try:
            run()
        except BaseException:  # nothing of this child may reach the test runner
            os._exit(FAILED)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED), f"the child ended with {status}"
    return status == KILLED


def _kill_at(folder: str, change: int) -> None:
    changes = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal changes
        if event in CHANGES and os.fspath(args[0] if args else "").startswith(folder) and not _only_reads(event, args):
            changes += 1
            if changes == change:
                os._exit(KILLED)

    sys.addaudithook(hook)


def _only_reads(event: str, args: tuple[object, ...]) -> bool:
    if event != "open":
        return False
    mode, flags = args[1:3]
    return mode in ("r", "rb") or (mode is None and not int(flags) & os.O_ACCMODE)
