"""The process behind ``SubprocessDecoder``: calls come on standard input, answers go to standard output, pickled."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from typing import Any, BinaryIO

from radz.errors import ImageError


def serve() -> None:
    """Answer calls until standard input ends.

    What C libraries print to standard output and standard error goes to a temporary file and becomes part of the
    answer: it must not mix with answers or reach a terminal, and libjpeg and libtiff report damage in no other way.
    """
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        while True:
            try:
                function, arguments = pickle.load(requests)  # noqa: S301  written by our own parent process
            except EOFError:
                return
            succeeded, answer = _result(function, arguments)
            pickle.dump((succeeded, answer, _taken(printed)), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


def _result(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except Exception as error:  # decoders raise anything; an error that cannot be pickled becomes a message
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
        except Exception:
            return False, ImageError(f"cannot be decoded ({type(error).__name__}: {error}).")
        return False, error


def _taken(printed: BinaryIO) -> str:
    """What was printed since the last call; the file is emptied."""
    sys.stdout.flush()
    sys.stderr.flush()
    printed.seek(0)
    text = printed.read().decode("utf-8", "replace")
    printed.seek(0)
    printed.truncate()
    return text
