"""Corpora by class name: ``radz.corpora.Rsna(root)``."""

from __future__ import annotations

import subprocess
import sys

import pytest

import radz
from radz import registry


def test_every_corpus_is_there_by_its_class_name():
    classes = {plugin.__name__: plugin for plugin in (registry.load("corpora", n) for n in registry.names("corpora"))}
    assert dir(radz.corpora) == sorted([*classes, "Corpus"])
    assert all(getattr(radz.corpora, name) is plugin for name, plugin in classes.items())
    assert all(issubclass(plugin, radz.corpora.Corpus) for plugin in classes.values())


def test_builds_a_split_of_a_corpus(tmp_path):
    root = radz.corpora.Rsna.fake(tmp_path)
    assert len(radz.corpora.Rsna(root)) == 3
    assert [study.split for study in radz.corpora.Rsna(root, "test").records] == ["test"]


def test_an_unknown_class_is_an_attribute_error_that_names_the_known_ones():
    with pytest.raises(AttributeError, match=r"radz\.corpora has no 'Rsnaa'\. Known: Corpus, .*Rsna"):
        _ = radz.corpora.Rsnaa


def test_importing_radz_and_listing_the_corpora_stays_light():
    code = (
        "import sys, radz; names = dir(radz.corpora); assert 'Rsna' in names and 'corpora' in dir(radz), names\n"
        "heavy = {'numpy', 'pandas', 'torch', 'pydantic'} & sys.modules.keys(); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
