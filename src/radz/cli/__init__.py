"""The command line: one thin file per command. Only this package prints."""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper

import typer

from radz import __version__
from radz.cli.ablate import ablate
from radz.cli.anchors import app as anchors
from radz.cli.calibrate import calibrate
from radz.cli.compare import compare
from radz.cli.data import app as data
from radz.cli.evaluate import evaluate
from radz.cli.failure import end_on_signals, fail, flush_output
from radz.cli.findings import findings
from radz.cli.predict import predict
from radz.cli.protocol import protocol
from radz.cli.report import report
from radz.cli.thresholds import thresholds
from radz.cli.train import train
from radz.errors import RadzError
from radz.types import RESEARCH_USE

app = typer.Typer(
    name="radz",
    help=f"Zero-shot recognition of findings in radiographs. {RESEARCH_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may hold patient text
)
for command in (predict, train, calibrate, thresholds, evaluate, compare, report, findings, ablate, protocol):
    app.command()(command)
app.add_typer(anchors, name="anchors")
app.add_typer(data, name="data")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"radz {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
    verbose: bool = typer.Option(False, "--verbose", help="Log progress to standard error."),
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )


def main() -> None:
    """Run the command line; a typed error, or one of the system, becomes one line on standard error and exit code 2."""
    end_on_signals()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be text
    try:
        try:
            app()
        finally:
            flush_output()
    except (RadzError, OSError, UnicodeError) as error:
        fail(error)
