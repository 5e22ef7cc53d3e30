"""The one line that a command ends with where it cannot go on, and the exit code 2."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from radz.cli.console import say
from radz.errors import RadzError

LONGEST = 4000
"""Characters of a message; what is longer is cut."""
ADVICE = {
    errno.ENOSPC: "Free space, or choose another place.",
    errno.EACCES: "Check its permissions, or choose another place.",
    errno.EPERM: "Check its permissions, or choose another place.",
    errno.EROFS: "Choose another place.",
    errno.ENOENT: "Check the name.",
    errno.EISDIR: "Give the name of a file.",
    errno.ENOTDIR: "Check the name: a part of it that should be a folder is none.",
    errno.EEXIST: "Remove it, or choose another name.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n).",
}


def fail(error: RadzError | OSError | UnicodeError) -> NoReturn:
    """Print the error as one line on standard error and exit with code 2."""
    text = reason(error)
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text):,} characters in all)"
    with suppress(OSError):  # standard error may be closed or full too
        say(f"error: {shown}")
    sys.exit(2)


def reason(error: RadzError | OSError | UnicodeError) -> str:
    """What is wrong and what to do, in one line."""
    if isinstance(error, UnicodeError):
        return f"a text or name cannot be written or read as it is ({error}). Rename the file, or save it as UTF-8."
    if isinstance(error, OSError):
        where = error.filename if error.filename is not None else "a file or standard output"
        name = os.fsdecode(where) if isinstance(where, bytes) else str(where)
        return f"{name}: {error.strerror or error}. {ADVICE.get(error.errno or 0, 'Check the name and the disk.')}"
    return str(error)


def flush_output() -> None:
    """Write what is left for standard output; if that fails, drop it, so that Python does not fail again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the program as an error does, so that unfinished files are removed."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
