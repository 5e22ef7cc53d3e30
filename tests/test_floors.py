"""Imports go down the floors, never up, never in circles, never into another folder's helpers."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "radz"
FLOORS = {
    room: floor
    for floor, rooms in enumerate(
        (
            ("types", "errors", "config", "registry", "provenance", "storage", "knowledge"),
            ("imaging", "text", "model", "losses", "anchors", "metrics", "calibration", "simulate"),
            ("data", "leakage", "explain", "baselines"),
            ("training", "eval"),
            ("experiments", "archive", "results", "report", "serve"),
            ("cli",),
        )
    )
    for room in rooms
}
"""Room, a file or folder of the package -> its floor, the ground first."""
FORBIDDEN = {("eval", "model"), ("serve", "training"), ("archive", "training")}


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    return module.split(".")[1]


def imports_of(file: Path) -> set[str]:
    """Modules of the package that ``file`` imports, also inside functions."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import; write it whole"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                modules.add(whole if whole in MODULES else str(node.module))
    return {module for module in modules if module.startswith("radz.")}


FILES = sorted(ROOT.rglob("*.py"))
MODULES = {module_of(file) for file in FILES}
IMPORTS = {module_of(file): imports_of(file) for file in FILES}
ARROWS = sorted(
    {
        (room(here), room(there))
        for here, modules in IMPORTS.items()
        for there in modules
        if "." in here and here != "radz.__main__" and room(here) != room(there)
    }
)


def test_every_room_has_a_floor():
    folders = {file.relative_to(ROOT).parts[0].removesuffix(".py") for file in FILES}
    assert folders - {"__init__", "__main__"} <= set(FLOORS)


@pytest.mark.parametrize("arrow", ARROWS, ids="->".join)
def test_imports_go_down(arrow):
    here, there = arrow
    assert FLOORS[there] <= FLOORS[here], f"{here} imports {there}, which is above it"
    assert arrow not in FORBIDDEN, f"{here} must never import {there}"


def test_no_rooms_import_each_other_in_a_circle():
    graph: dict[str, set[str]] = {}
    for here, there in ARROWS:
        graph.setdefault(here, set()).add(there)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"rooms import each other in a circle: {' -> '.join(error.args[1])}")


def test_no_helper_is_imported_from_another_folder():
    foreign = [
        f"{here} imports {there}"
        for here, modules in IMPORTS.items()
        for there in modules
        if there.rpartition(".")[2].startswith("_") and not there.endswith(".__main__")
        if there.rpartition(".")[0] not in (here, here.rpartition(".")[0])
    ]
    assert foreign == []
