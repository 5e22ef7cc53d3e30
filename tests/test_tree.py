"""The trees printed in docs/design.md and README.md are the package's own folders and modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "radz"
DESIGN, README = ROOT / "docs" / "design.md", ROOT / "README.md"
BLOCK = re.compile(r"^```\nsrc/radz/\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^(?P<branch>[│ ]*[├└]── )(?P<name>\S+)  +(?P<about>\S.*)$")
INDENT = 4


def tree(page: Path) -> dict[str, str]:
    """Path below the package -> the line about it, of the one block of ``page`` that starts with ``src/radz/``."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert len(blocks) == 1, f"{page.name} has {len(blocks)} blocks that start with src/radz/, not one"
    entries: dict[str, str] = {}
    above: list[str] = []
    for line in blocks[0].splitlines():
        entry = ENTRY.match(line)
        assert entry, f"{page.name}: not a line of a tree: {line!r}"
        above = [*above[: len(entry["branch"]) // INDENT - 1], entry["name"]]
        entries["".join(above)] = entry["about"]
    return entries


def folders() -> set[str]:
    """Every folder of the package that holds a file, as ``data/corpora/``."""
    files = [file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    parents = {parent.relative_to(PACKAGE) for file in files for parent in file.parents if PACKAGE in parent.parents}
    return {f"{parent.as_posix()}/" for parent in parents}


def modules() -> set[str]:
    """Every module on the package's first level."""
    return {file.name for file in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("page", [DESIGN, README], ids=lambda page: page.name)
def test_everything_in_the_tree_exists(page):
    missing = {path for path in tree(page) if not (PACKAGE / path).is_dir() and not (PACKAGE / path).is_file()}
    assert missing == set()


def test_the_design_names_every_folder_and_every_module_of_the_first_level():
    named = set(tree(DESIGN))
    assert folders() - named == set(), "name them in the tree of docs/design.md"
    assert modules() - named == set(), "name them in the tree of docs/design.md"


def test_the_readme_shows_the_first_level_of_the_same_tree():
    first_level = {path: about for path, about in tree(DESIGN).items() if "/" not in path.removesuffix("/")}
    assert tree(README) == first_level, "copy the first level of the tree in docs/design.md into README.md"


def test_the_readme_ends_with_its_tree():
    assert README.read_text(encoding="utf-8").rstrip().endswith("```")
