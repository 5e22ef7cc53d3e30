"""Memory that training gives back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc alone keeps what it could give back")
HOLES = """
import ctypes
from pathlib import Path
from radz.training.heap import trim_heap

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024

libc = ctypes.CDLL(None)
libc.mallopt(-3, 2**25)                      # pieces of a megabyte come from the heap, as in a training that has begun,
libc.mallopt(-1, 2**30)                      # and the heap does not shrink by itself
between = []
large = []
for _ in range(300):
    large.append(bytearray(b"x" * 2**20))
    between.append(bytearray(1000))
del large
before = held()
trim_heap()
print(before, held())
"""


def test_freed_pages_between_pieces_in_use_go_back():
    before, after = map(int, subprocess.check_output([sys.executable, "-c", HOLES], text=True).split())
    assert before > 250, f"{before} MiB held: nothing was left to give back"
    assert after < 100
