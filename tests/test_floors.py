"""The import-floor test: arrows go down, never up or sideways in circles."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "radz"
FLOORS = {
    **dict.fromkeys(("types", "attention", "errors", "cache", "config", "registry", "provenance", "knowledge"), 0),
    **dict.fromkeys(("data", "model", "losses", "anchors", "explain", "simulate", "baselines"), 1),
    **dict.fromkeys(("train", "eval"), 2),
    **dict.fromkeys(("ablation", "report", "serve", "cli"), 3),
}
SAME_FLOOR = {  # the only arrows allowed between rooms of one floor; none of them closes a circle
    ("knowledge", "errors"), ("knowledge", "types"), ("types", "errors"), ("attention", "types"), ("config", "errors"),
    ("config", "types"), ("cache", "errors"), ("registry", "errors"), ("provenance", "errors"), ("provenance", "types"),
    ("explain", "model"), ("baselines", "model"), ("baselines", "data"),
    ("cli", "serve"), ("cli", "report"), ("cli", "ablation"), ("ablation", "report"),
}  # fmt: skip
FORBIDDEN = {("eval", "model"), ("serve", "train")}


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "radz" and len(parts) > 1 else None


def arrows() -> set[tuple[str, str, str]]:
    """(room, imported room, file) for each import statement of the package, also those in functions."""
    found = set()
    for file in ROOT.rglob("*.py"):
        here = file.relative_to(ROOT).parts[0].removesuffix(".py")
        if here in ("__init__", "__main__"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}: relative import; write it whole"
                base = node.module or ""
                modules = [f"radz.{a.name}" for a in node.names] if base == "radz" else [base]
            for there in filter(None, map(room, modules)):
                if there not in (here, "__version__", "load"):
                    found.add((here, there, str(file.relative_to(ROOT))))
    return found


def test_every_room_has_a_floor():
    rooms = {p.name.removesuffix(".py") for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - {"__init__", "__main__"} <= set(FLOORS)


@pytest.mark.parametrize("arrow", sorted(arrows()), ids="->".join)
def test_imports_go_down(arrow):
    here, there, file = arrow
    assert (here, there) not in FORBIDDEN, f"{file}: {here} must never import {there}"
    same = FLOORS[here] == FLOORS[there]
    assert FLOORS[there] < FLOORS[here] or (same and (here, there) in SAME_FLOOR), f"{file}: {here} imports {there}"
