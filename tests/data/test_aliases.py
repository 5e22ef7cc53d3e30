"""Lists that name each image's original in another corpus."""

from __future__ import annotations

import pytest

from radz.data.aliases import read_aliases
from radz.errors import CorpusError


def test_lists_of_names(tmp_path):
    table = tmp_path / "names.csv"
    table.write_text("film,original\na,00000001_000.png\nb,\n")
    assert read_aliases(table) == {"a": "00000001_000.png"}
    table.write_text("film,original\na,\n")
    with pytest.raises(CorpusError, match=r"names.csv: names no film"):
        read_aliases(table)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(CorpusError, match="is not a list of entries with subset_img_id"):
        read_aliases(tmp_path / "a.json")
