"""DICOM decoding in separate processes: a decoder that crashes costs one image, not the run."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from radz.errors import ConfigError, ImageError
from radz.imaging.read import read_image
from radz.types import Pixels

T = TypeVar("T")


class SubprocessDecoder:
    """Processes that read images, as many as threads ask at once; the first starts with the first image.

    A process reads one image at a time, so a crash is known to belong to that image; a new process replaces it.
    """

    def __init__(self) -> None:
        self._idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()

    def __enter__(self) -> SubprocessDecoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while not self._idle.empty():
            self._idle.get().shutdown()

    def read(self, path: Path, inverted: bool, make: Callable[[Pixels], T]) -> T:
        """``make`` of the pixels (1, H, W) of the DICOM file ``path``, computed in a process.

        make: a function that can be pickled. Raises ImageError as reading does, and where the process ended;
        ConfigError where none can be started.
        """
        process, ended = self._process(), False
        try:
            return process.submit(_read, path, inverted, make).result()
        except BrokenProcessPool:
            ended = True
            raise ImageError(
                f"{path}: its decoder ended the process that it ran in, the file is damaged. Export it again."
            ) from None
        finally:
            if not ended:
                self._idle.put(process)

    def _process(self) -> ProcessPoolExecutor:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _started()


def _read(path: Path, inverted: bool, make: Callable[[Pixels], T]) -> T:
    return make(read_image(path, inverted=inverted).pixels)


def _started() -> ProcessPoolExecutor:
    """A process that has answered: if it ends later, it ended on a film."""
    process = ProcessPoolExecutor(1, _context())
    try:
        process.submit(_answer).result()
    except BrokenProcessPool:
        raise ConfigError(
            "DICOM files are decoded in a process of their own, and none could be started. A script that reads films "
            "must start with `if __name__ == '__main__':`, so that a new process can import it."
        ) from None
    return process


def _answer() -> None:
    """Nothing; that it returns is the answer."""


def _context() -> BaseContext:
    """Never fork: threads that decode hold locks, which a fork would leave locked."""
    methods: Any = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
