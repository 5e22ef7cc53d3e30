"""Calls in worker processes: results, errors, crashes and calls that hang."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from radz.errors import ConfigError, ImageError
from radz.imaging.subprocess_decoder import SubprocessDecoder


@pytest.fixture
def decoder():
    with SubprocessDecoder() as decoder:
        yield decoder


def test_results_and_what_was_printed(decoder):
    assert decoder.call(max, [1, 3, 2]) == (3, "")
    assert decoder.call(os.write, 2, b"Corrupt data") == (12, "Corrupt data")
    assert decoder.call(os.write, 1, b"noise") == (5, "noise")
    assert decoder.call(max, [1, 3, 2]) == (3, "")


def test_errors_of_the_function_are_raised_here(decoder):
    with pytest.raises(ValueError, match="invalid literal for int"):
        decoder.call(int, "x")
    assert decoder.call(int, "7") == (7, "")


def test_one_worker_serves_calls_in_turn(decoder):
    assert decoder.call(os.getpid)[0] == decoder.call(os.getpid)[0] != os.getpid()


def test_a_crash_costs_one_call(decoder):
    with pytest.raises(ImageError, match="its decoder crashed: the compressed data are damaged"):
        decoder.call(os.abort)
    assert decoder.call(int, "7") == (7, "")


def test_a_call_that_hangs_is_stopped(decoder):
    before = time.monotonic()
    with pytest.raises(ImageError, match=r"decoding took longer than 0\.3 s and was stopped"):
        decoder.call(time.sleep, 60, timeout_s=0.3)
    assert time.monotonic() - before < 10
    assert decoder.call(int, "7") == (7, "")


def test_threads_have_a_worker_each(decoder):
    together, workers = threading.Barrier(3), []

    def call():
        together.wait()
        decoder.call(time.sleep, 0.2)
        workers.append(decoder.call(os.getpid)[0])
        together.wait()

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    together.wait()
    together.wait()
    for thread in threads:
        thread.join()
    assert len(workers) == 2


def test_closing_ends_the_workers(decoder):
    worker = decoder.call(os.getpid)[0]
    decoder.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_fork_starts_workers_of_its_own(decoder):
    worker = decoder.call(os.getpid)[0]
    decoder.forget()
    assert decoder.call(os.getpid)[0] != worker


def test_where_python_cannot_start_itself(decoder, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ConfigError, match="in a separate process, and none could be started with '/no/such/python'"):
        decoder.call(int, "7")
