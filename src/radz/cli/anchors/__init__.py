"""``radz anchors``: the vectors that images are compared with, and the texts they come from."""

from __future__ import annotations

import typer

from radz.cli.anchors.repository import build, diff, show
from radz.cli.anchors.search import nearest
from radz.cli.anchors.texts import import_, write

app = typer.Typer(help="Build anchors of findings, compare them, and find texts for them.", no_args_is_help=True)
for command in (build, show, diff, nearest, write):
    app.command()(command)
app.command("import")(import_)
