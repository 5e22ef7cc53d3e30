"""What a user who asks for help, the version or the demonstration film does not have to wait for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "peft", "timm", "pandas", "sklearn", "scipy", "matplotlib", "pyarrow")
RUN = """
import contextlib, io, json, runpy, sys
module, sys.argv = sys.argv[1], sys.argv[1:]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    runpy.run_module(module, run_name="__main__", alter_sys=True)
print(json.dumps(sorted(sys.modules)))
"""

EVERY_HELP = """
import json, sys
import typer.main
from typer.testing import CliRunner
from radz.cli import app

def paths(command, path=()):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from paths(inner, (*path, name))

every = [*paths(typer.main.get_command(app))]
assert all(CliRunner().invoke(app, [*path, "--help"]).exit_code == 0 for path in every)
print(json.dumps([len(every), sorted(sys.modules)]))
"""


def modules_after(*command: str) -> set[str]:
    """Names of the modules that a fresh process holds after ``python -m <command>``."""
    done = subprocess.run([sys.executable, "-c", RUN, *command], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "command",
    [("radz", "--help"), ("radz", "--version"), ("radz", "predict", "--help"), ("radz.simulate", "--help")],
    ids=" ".join,
)
def test_help_does_not_wait_for_heavy_libraries(command):
    assert modules_after(*command).isdisjoint(HEAVY)


def test_help_of_every_command_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", EVERY_HELP], capture_output=True, text=True, check=True)
    count, modules = json.loads(done.stdout)
    assert count > 20
    assert set(modules).isdisjoint(HEAVY)


def test_importing_radz_does_not_import_torch():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, radz; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("given", "kept"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_do_not_spin_unless_the_user_says_so(given, kept, monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    command = [sys.executable, "-c", "import os, radz; print(os.environ['OMP_WAIT_POLICY'])"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == kept
