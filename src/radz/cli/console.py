"""What commands write on standard error: progress, file locations, unreadable images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from radz.errors import printable


def say(text: str) -> None:
    """Print a line, or several, on standard error, unwrapped, without markup, and with control characters escaped."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(shown)


@contextmanager
def progress_bar(what: str, total: int, *, hidden: bool = False) -> Iterator[Callable[[int], None]]:
    """A progress bar over studies; the ``Bar`` of the use cases.

    hidden: show no bar, where results are printed on the same terminal.
    """
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, redirect_stdout=False, disable=hidden) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def list_files(files: Mapping[str, Path]) -> None:
    """Say where scores were written."""
    for path in files.values():
        say(f"scores: {path}")


def list_unreadable(unreadable: Mapping[str, str]) -> None:
    """Say which images could not be read; exit code 1 if there are any."""
    for study, reason in unreadable.items():
        say(f"unreadable: {study}: {reason}")
    if unreadable:
        say(f"{len(unreadable)} image(s) could not be read and are not in the result.")
        raise typer.Exit(1)
