"""The corpora that radz reads, as `radz data list` shows them."""

from __future__ import annotations

from radz import registry
from radz.data.catalog import catalogue


def test_every_corpus_is_listed_with_source_and_terms_in_the_order_of_names():
    entries = catalogue()
    assert list(entries) == registry.names("corpora")
    assert entries["covidx"]["obtain"].startswith("https://www.kaggle.com/")
    assert all(set(entry) == {"title", "obtain", "terms"} and all(entry.values()) for entry in entries.values())
