"""Plug-ins by file name, and those of third parties by entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from radz import registry
from radz.errors import UnknownNameError


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_file_is_a_plug_in_and_helpers_are_none(kind):
    names = registry.names(kind)
    assert names
    assert not any(name.startswith("_") for name in names)
    assert all(callable(registry.load(kind, name)) for name in names)


def test_an_unknown_plug_in_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Unknown corpora plug-in 'chestxray'\. Did you mean 'chestxray14'"):
        registry.load("corpora", "chestxray")
    with pytest.raises(UnknownNameError, match="Unknown kind of plug-in 'corpus'"):
        registry.names("corpus")


def test_a_third_party_brings_its_own(monkeypatch):
    entry = EntryPoint("mine", "radz.anchors.names:names", "radz.anchors")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == "radz.anchors" else [])
    assert "mine" in registry.names("anchors")
    assert registry.load("anchors", "mine") is registry.load("anchors", "names")
