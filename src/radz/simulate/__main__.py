"""``python -m radz.simulate OUT``: write the demonstration film."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radz.errors import RadzError
from radz.simulate.ct import ATTRIBUTION
from radz.simulate.film import write_demo_film


def main(out: Annotated[Path, typer.Argument(help="File to write, .dcm or .png.")]) -> None:
    """Write a chest film simulated from a CT (a download of about 35 MB the first time)."""
    try:
        path = write_demo_film(out)
    except RadzError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    typer.echo(f"{path}: simulated from {ATTRIBUTION}", err=True)


if __name__ == "__main__":
    typer.run(main)
