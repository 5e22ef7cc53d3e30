"""The pages: their links lead somewhere, and the commands and files that they show exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from radz.cli import app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("src/**/*.md")])
CODE = re.compile(r"^ *```[a-z]*\n(.*?)^ *```|`([^`\n]+)`|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)")
PATH = re.compile(r"(?<![\w/.-])(?:src|tests|docs|benchmarks|configs|results)/[\w/.-]+\.(?:py|md|yaml|json|csv|png)\b")
PLACEHOLDER = re.compile(r"NAME|PLAN")
HISTORY = "CHANGELOG.md"
RADZ = typer.main.get_command(app)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def prose(page: Path) -> str:
    """The text of ``page`` without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link may put behind ``#``: the headings of ``page`` as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> Iterator[list[str]]:
    """The words behind ``radz`` of each command in the code of ``page``."""
    for match in CODE.finditer(page.read_text(encoding="utf-8")):
        code = next(group for group in match.groups() if group is not None)
        for line in re.sub(r"\\\n", " ", code).splitlines():
            command = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*radz ([a-z-].*)", line)
            if command:
                yield words(command[1])


def words(command: str) -> list[str]:
    """The words of a command line; a quotation that goes on in the next line of the page ends with this one."""
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return shlex.split(command.partition("'")[0], comments=True)


def command_of(arguments: list[str]) -> tuple[Any, list[str]]:
    """The command that ``arguments`` name, and the arguments it gets."""
    command: Any = RADZ
    while arguments and arguments[0] in getattr(command, "commands", {}):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    return command, arguments


@pages
def test_links_lead_to_a_file_and_a_heading(page):
    for path, heading in LINK.findall(prose(page)):
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name} links to {path}"
        assert not heading or heading in anchors(target), f"{page.name} links to {path}#{heading}"


@pages
def test_commands_and_their_options_exist(page):
    for arguments in commands(page):
        command, rest = command_of(arguments)
        assert not hasattr(command, "commands") or not rest or rest[0].startswith("-"), f"{page.name}: radz {arguments}"
        known = {
            "--help",
            *(name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)),
        }
        shown = {word.partition("=")[0] for word in rest if re.match(r"--[a-z]", word)}
        assert shown <= known, f"{page.name}: radz {' '.join(arguments)}"


@pages
def test_files_of_the_repository_exist(page):
    if page.name == HISTORY:
        return
    paths = {path for path in PATH.findall(page.read_text(encoding="utf-8")) if not PLACEHOLDER.search(path)}
    assert {path for path in paths if not (ROOT / path).exists()} == set()
