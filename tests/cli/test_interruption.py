"""A signal ends a stream between two items."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from radz.cli.interruption import SIGNALS, interruptible

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
    pytest.mark.usefixtures("default_signals"),
]


def numbers(number: int, at: int):
    """0 to 9; the process sends itself the signal ``number`` before the item ``at``, as while a model works."""
    for i in range(10):
        if i == at:
            os.kill(os.getpid(), number)
        yield i


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_the_stream_ends_it(number):
    before = signal.getsignal(number)
    with interruptible(numbers(number, 4)) as stream:
        assert list(stream) == [0, 1, 2, 3]
    assert (stream.done, stream.signal) == (4, number)
    assert signal.getsignal(number) is before


def test_a_signal_while_an_item_is_used_lets_its_user_finish():
    used = []
    with interruptible(range(10)) as stream:
        for item in stream:
            if item == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            used.append(item)
    assert used == [0, 1, 2]
    assert stream.done == 3


def test_a_second_signal_acts_as_ever():
    def use():
        with interruptible(range(10)) as stream:
            for _item in stream:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        use()


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible(numbers(signal.SIGHUP, 4)) as stream:
            assert list(stream) == [*range(10)]
    finally:
        signal.signal(signal.SIGHUP, before)
    assert stream.signal is None


def test_a_stream_ends_by_itself_and_works_in_any_thread():
    seen = []

    def use():
        with interruptible(range(3)) as stream:
            seen.extend(stream)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [0, 1, 2]
