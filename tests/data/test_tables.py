"""Tables as text, with errors that name rows and columns."""

from __future__ import annotations

import pytest

from radz.data import tables as _tables

HEADER = "image,labels,patient,split"


@pytest.fixture
def table(tmp_path):
    """Write rows under a header; images are not needed to open a corpus."""

    def write(*rows, header=HEADER, name="manifest.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def test_row_numbers_are_those_of_a_spreadsheet(table):
    assert _tables.read_table(table("a.png,,1,train"))[_tables.ROW].tolist() == [2]
