"""Calls of decoders in separate processes: a decoder that crashes or hangs costs one image, not the run.

Our own code, because multiprocessing imports the caller's script again, which runs a script without a ``__main__``
guard twice, and because no pool of the standard library stops a call that hangs.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from radz.errors import ConfigError, ImageError

T = TypeVar("T")
TIMEOUT_S = 20.0
"""Longest time that one image may take to decode."""
_WORKER = "from radz.imaging.subprocess_worker import serve; serve()"


class SubprocessDecoder:
    """Worker processes, as many as threads ask at once; the first starts with the first call and stays for the next.

    A worker runs one call at a time, so a crash is known to belong to that call; the next call gets a new worker.
    """

    def __init__(self) -> None:
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()

    def call(self, function: Callable[..., T], *arguments: Any, timeout_s: float | None = None) -> tuple[T, str]:
        """What ``function`` returns in a worker, and what C libraries wrote to standard error meanwhile.

        function, arguments: picklable; ``timeout_s`` defaults to ``TIMEOUT_S``. Raises what the function raises,
        ImageError where it crashed or took too long, ConfigError if no worker can be started.
        """
        limit = TIMEOUT_S if timeout_s is None else timeout_s
        worker = self._worker()
        with _killed_after(limit, worker) as expired:
            try:
                succeeded, answer, messages = _ask(worker, (function, arguments))
            except (OSError, EOFError, pickle.UnpicklingError):
                worker.kill()
                worker.communicate()
                raise ImageError(_reason(limit if expired.is_set() else None)) from None
        if not expired.is_set():
            self._idle.put(worker)
        if not succeeded:
            raise answer
        return answer, messages

    def __enter__(self) -> SubprocessDecoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the idle workers."""
        while not self._idle.empty():
            worker = self._idle.get()
            worker.kill()
            worker.communicate()

    def forget(self) -> None:
        """Leave the workers to the process that started them; called after a fork."""
        self._idle = SimpleQueue()

    def _worker(self) -> subprocess.Popen[bytes]:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _start()


DECODER = SubprocessDecoder()
"""The workers that ``read_image`` uses, shared by all threads of this process."""
atexit.register(DECODER.close)
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=DECODER.forget)


def _start() -> subprocess.Popen[bytes]:
    """A worker that has answered once: if it ends later, a call ended it."""
    paths = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-P", "-W", "ignore", "-c", _WORKER]
    try:
        worker = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
        )
        _ask(worker, (int, ()))
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise ConfigError(
            f"Compressed DICOM is decoded in a separate process, and none could be started with {sys.executable!r} "
            f"({type(error).__name__}). Allow Python to start itself, or convert the files to an uncompressed syntax."
        ) from None
    return worker


def _ask(worker: subprocess.Popen[bytes], request: tuple[Callable[..., Any], tuple[Any, ...]]) -> tuple[bool, Any, str]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    pickle.dump(request, worker.stdin, pickle.HIGHEST_PROTOCOL)
    worker.stdin.flush()
    answer: tuple[bool, Any, str] = pickle.load(worker.stdout)  # noqa: S301  written by our own worker
    return answer


@contextmanager
def _killed_after(limit: float, worker: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Kill the worker if the block takes longer than ``limit`` seconds, and set the event."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        worker.kill()

    watchdog = threading.Timer(limit, expire)
    watchdog.start()
    try:
        yield expired
    finally:
        watchdog.cancel()
        watchdog.join()


def _reason(limit: float | None) -> str:
    if limit is not None:
        return f"decoding took longer than {limit:g} s and was stopped. Convert the file to an uncompressed syntax."
    return (
        "its decoder crashed: the compressed data are damaged or of a kind that it cannot read. Convert the file to an "
        "uncompressed syntax, or export it again."
    )
