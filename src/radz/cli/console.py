"""What commands write on standard error: progress, file locations, unreadable images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console


def say(line: str) -> None:
    """Print one line on standard error, unwrapped and without markup."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(line)


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar over studies; the ``Bar`` of the use cases."""
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
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
