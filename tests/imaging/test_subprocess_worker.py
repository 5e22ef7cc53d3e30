"""The worker by itself: it answers until its input ends, and puts into words what cannot be pickled."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import pytest

from radz.imaging import subprocess_worker

SCRIPT = "from radz.imaging.subprocess_worker import serve; serve()"


def answers(*calls):
    requests = b"".join(pickle.dumps(call) for call in calls)
    done = subprocess.run([sys.executable, "-c", SCRIPT], input=requests, capture_output=True, check=True)
    stream = io.BytesIO(done.stdout)
    return [pickle.load(stream) for _ in calls]  # noqa: S301  written by our own worker


def test_answers_come_in_order_and_prints_do_not_mix_with_them():
    first, second, third = answers((print, ("hello",)), (max, ([1, 2],)), (int, ("x",)))
    assert first == (True, None, "hello\n")
    assert second == (True, 2, "")
    assert (third[0], type(third[1])) == (False, ValueError)


class OddError(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def raise_odd():
    raise OddError("one", "another")


def test_an_error_that_cannot_be_pickled_is_put_into_words():
    succeeded, error = subprocess_worker._result(raise_odd, ())
    assert not succeeded
    with pytest.raises(subprocess_worker.ImageError, match=r"cannot be decoded \(OddError: one and another\)"):
        raise error
