"""Whatever goes wrong with files ends in one line and the exit code 2."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from radz.cli.failure import LONGEST, fail, reason
from radz.errors import ConfigError

FULL = "/dev/full"


def run(*arguments: str, shell: str = ""):
    command = [sys.executable, "-m", "radz", *arguments]
    if shell:
        command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), "a.csv: No space left on device. Free space, or"),
        (
            PermissionError(errno.EACCES, "Permission denied", b"caf\xe9"),
            "caf\\udce9: Permission denied. Check its",
        ),
        (OSError(errno.EIO, "Input/output error"), "a file or standard output: Input/output error. Check the name and"),
        (OSError("no number"), "a file or standard output: no number. Check the name and the disk."),
        (UnicodeEncodeError("utf-8", "\udce9", 0, 1, "surrogates not allowed"), "a text or name cannot be written or"),
        (ConfigError("lines\nof \x1b[2J one message"), "lines\nof \\x1b[2J one message"),
    ],
)
def test_an_error_is_a_line_with_what_to_do(error, line, capsys):
    with pytest.raises(SystemExit) as stop:
        fail(error)
    assert stop.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert line in printed


def test_a_long_message_is_cut(capsys):
    with pytest.raises(SystemExit):
        fail(ConfigError("x" * 10_000_000))
    printed = capsys.readouterr().err
    assert len(printed) < LONGEST + 100
    assert "(10,000,000 characters in all)" in printed
    assert reason(ConfigError("x")) == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_standard_output_is_one_line():
    done = run("findings", "mass", shell=f"> {FULL}")
    assert done.returncode == 2
    assert done.stderr == f"error: {reason(OSError(errno.ENOSPC, 'No space left on device'))}\n"
    assert run("findings", "mass", shell=f"> {FULL} 2> {FULL}").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="needs sh")
def test_a_closed_pipe_is_silent():
    done = run("findings", shell="| head -n 1")
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_system_error_of_a_command_names_the_path(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("data", "fake", "open_i", str(tmp_path / "file" / "below"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path / 'file' / 'below'}: Not a directory. Check the name")
