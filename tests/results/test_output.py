"""The place of results is checked first, and filled whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import threading
from pathlib import Path

import pytest

from radz.errors import ConfigError
from radz.results import require_writable
from radz.results._output import open_output


def test_a_place_is_refused_with_its_reason_and_left_as_it_is(tmp_path):
    for path, reason in {
        tmp_path: "is a folder, so no file can be written there. Give the name of a file with --out.",
        tmp_path / "none" / "a.csv": "none is no folder. Make it first, or choose another file with --out.",
    }.items():
        with pytest.raises(ConfigError, match=re.escape(reason)):
            require_writable(path)
    require_writable(tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_lack_of_permission_is_refused(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("radz.results._output.tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(ConfigError, match=r"a\.csv cannot be written \(Permission denied\)\. Free space, check perm"):
        require_writable(tmp_path / "a.csv")


def test_a_file_appears_at_the_end(tmp_path):
    path = tmp_path / "a.csv"
    with open_output(path) as output:
        assert output.write("é\n")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "é\n"
    assert output.error is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_and_not_replaced(tmp_path):
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with open_output(pipe) as output:
        output.write("a\n")
    reader.join(10)
    assert b"".join(received) == b"a\n"
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_device_gives_the_reason_and_stays():
    with open_output(Path("/dev/full")) as output:
        assert not output.write("a\n")
    assert output.error is not None
    assert output.error.errno == errno.ENOSPC
    assert not Path("/dev/full").is_file()
