"""A signal ends a stream between two of its items, so that what was made so far is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Generic, TypeVar

T = TypeVar("T")
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Stop(BaseException):
    """Raised in the stream, where it waits, by a signal."""


class Interruptible(Generic[T]):
    """The items of ``stream`` until a signal comes. done: items taken so far. signal: the signal, if one came.
    before: the handlers that were there.

    A signal that comes while an item is used ends the stream when the next one is asked for. A second signal acts as if
    this class were not there.
    """

    def __init__(self, stream: Iterable[T]) -> None:
        self._stream = iter(stream)
        self._waits = False
        self.done = 0
        self.signal: signal.Signals | None = None
        self.before: dict[signal.Signals, Any] = {}

    def __iter__(self) -> Iterator[T]:
        while self.signal is None:
            try:
                self._waits = True
                item = next(self._stream)
                self._waits = False
            except (_Stop, StopIteration):
                return
            finally:
                self._waits = False
            yield item
            self.done += 1

    def stop(self, number: int, _frame: FrameType | None = None) -> None:
        """End the stream: the handler of the signal ``number``."""
        self.signal = signal.Signals(number)
        signal.signal(number, self.before.get(self.signal, signal.SIG_DFL))
        if self._waits:
            raise _Stop


@contextmanager
def interruptible(stream: Iterable[T]) -> Iterator[Interruptible[T]]:
    """The stream, ended by SIGINT, SIGTERM and SIGHUP inside the block; a signal that is ignored stays so (nohup)."""
    items = Interruptible(stream)
    if threading.current_thread() is threading.main_thread():
        items.before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in items.before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, items.stop)
    try:
        yield items
    finally:
        for number, handler in items.before.items():
            signal.signal(number, handler)
