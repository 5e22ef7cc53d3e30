"""Plug-ins by file name: ``radz/data/corpora/chestxray14.py`` is the corpus ``chestxray14``.

A module is imported when it is asked for, never before. It names its class or function in a module
variable ``plugin``. Files that start with ``_`` are helpers. Third parties register an entry point in
the group ``radz.<kind>`` under the plug-in's name.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from radz.errors import UnknownNameError

KINDS = {
    "corpora": "radz.data.corpora",
    "tokens": "radz.model.tokens",
    "backbones": "radz.model.backbones",
    "losses": "radz.losses",
    "anchors": "radz.anchors",
    "baselines": "radz.baselines",
    "results": "radz.results",
}


def names(kind: str) -> list[str]:
    """Names of the plug-ins of one kind, built in and third party, sorted."""
    return sorted({*_built_in(kind), *(e.name for e in entry_points(group=f"radz.{kind}"))})


def load(kind: str, name: str) -> Any:
    """The class or function that the plug-in file ``name`` of ``kind`` offers.

    Raises UnknownNameError with the nearest names where there is none.
    """
    if name in _built_in(kind):
        return import_module(f"{KINDS[kind]}.{name}").plugin
    for entry in entry_points(group=f"radz.{kind}"):
        if entry.name == name:
            return entry.load()
    raise UnknownNameError(f"{kind} plug-in", name, names(kind))


def _built_in(kind: str) -> list[str]:
    if kind not in KINDS:
        raise UnknownNameError("kind of plug-in", kind, KINDS)
    spec = find_spec(KINDS[kind])
    folders = spec.submodule_search_locations or [] if spec else []
    return [f.stem for folder in folders for f in Path(folder).glob("*.py") if not f.name.startswith("_")]
