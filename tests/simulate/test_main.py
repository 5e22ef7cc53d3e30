"""The command: ``python -m radz.simulate OUT``."""

from __future__ import annotations

import subprocess
import sys


def test_the_command_reports_an_error_in_one_line(tmp_path):
    command = [sys.executable, "-m", "radz.simulate", str(tmp_path / "film.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: The film cannot be written")


def test_help_says_what_is_written():
    done = subprocess.run([sys.executable, "-m", "radz.simulate", "--help"], capture_output=True, text=True, check=True)
    assert "simulated from a CT" in done.stdout
