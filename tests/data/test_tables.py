"""Tables as text, with errors that name rows and columns."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from radz.data.tables import ROW, column_of, read_table, read_text, require_columns, require_filled
from radz.errors import CorpusError


@pytest.fixture
def table(tmp_path):
    """Write lines as a CSV."""

    def write(*lines, name="table.csv"):
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    return write


def cells(path, columns=None):
    return read_table(path, columns).drop(columns=ROW).to_dict("list")


def test_cells_are_text_and_rows_are_those_of_a_spreadsheet(table):
    rows = read_table(table("image,age", "a.png,007", "b.png,", "NA,nan"))
    assert rows["image"].tolist() == ["a.png", "b.png", "NA"]
    assert rows["age"].tolist() == ["007", "", "nan"]
    assert rows[ROW].tolist() == [2, 3, 4]


def test_only_the_columns_that_are_wanted_and_exist_are_read(table):
    assert cells(table("a,b,c", "1,2,3"), ["c", "a", "z"]) == {"a": ["1"], "c": ["3"]}


def test_a_short_row_ends_in_empty_cells(table):
    assert cells(table("a,b,c", "1", "1,2,3")) == {"a": ["1", "1"], "b": ["", "2"], "c": ["", "3"]}


@pytest.mark.parametrize("columns", [None, ["image", "split"]])
@pytest.mark.parametrize("end", [",", ",,"])
def test_rows_that_end_in_a_comma_keep_their_columns(table, columns, end):
    path = table("image,labels,split", f"a.png,Mass,train{end}", f"b.png,Nodule,test{end}")
    expected = {"image": ["a.png", "b.png"], "labels": ["Mass", "Nodule"], "split": ["train", "test"]}
    assert cells(path, columns) == {name: expected[name] for name in columns or expected}


@pytest.mark.parametrize("columns", [None, ["image", "split"]])
def test_a_surplus_cell_is_named(table, columns):
    path = table("image,labels,split", "a.png,Mass,train,", "b.png,Nodule, benign,test")
    with pytest.raises(CorpusError, match=r"row 3 has 4 cells and the header 3 \(the last: 'test'\). Quote cells that"):
        read_table(path, columns)


def test_a_later_row_with_a_surplus_cell_is_named_by_its_line(table):
    with pytest.raises(CorpusError, match=r"cannot be read as a table: .*Expected 2 fields in line 3, saw 3"):
        read_table(table("a,b", "1,2", "3,4,"))


def test_damaged_files_are_refused(table, tmp_path):
    whole = gzip.compress("\n".join(["image,patient", *(f"{i}.png,p{i}" for i in range(1000))]).encode())
    for name, content in {
        "cut.csv.gz": whole[: len(whole) // 2],
        "flipped.csv.gz": whole[:60] + bytes([whole[60] ^ 0xFF] * 8) + whole[68:],
        "no.csv.gz": b"image,patient",
        "latin.csv": "image\nGrün".encode("latin-1"),
        "nothing.csv": b"",
        "no.parquet": b"PAR1 no PAR1",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CorpusError, match=f"{name}: cannot be read as a table: "):
            read_table(tmp_path / name)


def test_other_files_missing_tables_and_tables_without_rows_are_refused(table, tmp_path):
    for path, reason in {
        tmp_path / "a.xlsx": "a table must be one of .csv, .csv.gz, .parquet",
        tmp_path / "a.csv": "there is no such table",
        table("image,patient"): "the table has no rows",
    }.items():
        with pytest.raises(CorpusError, match=reason):
            read_table(path)


def test_parquet_is_text_too_and_keeps_whole_numbers_whole(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"patient": pd.array([7, None], "Int64"), "view": ["PA", None]}).to_parquet(path)
    assert cells(path) == {"patient": ["7", ""], "view": ["PA", ""]}


def test_text_that_is_not_utf8_or_not_there_is_refused(tmp_path):
    (tmp_path / "list.txt").write_bytes("\ufeffGrün 1.png\n".encode())
    assert read_text(tmp_path / "list.txt") == "Grün 1.png\n"
    (tmp_path / "list.txt").write_bytes("Grün".encode("latin-1"))
    for path in (tmp_path / "list.txt", tmp_path / "none.txt", tmp_path):
        with pytest.raises(CorpusError, match="cannot be read as text in UTF-8: "):
            read_text(path)


def test_a_missing_column_names_its_use_and_the_nearest(table):
    rows = read_table(table("Image Index,view", "a.png,PA"))
    require_columns(rows, {"view": "view"}, "t.csv")
    with pytest.raises(
        CorpusError,
        match=r"t.csv: missing columns 'image_index' \(for image; nearest: 'Image Index'\), 'zzz' \(for x\). Found:",
    ):
        require_columns(rows, {"image": "image_index", "x": "zzz"}, "t.csv")


def test_empty_cells_of_a_column_are_named_by_row(table):
    rows = read_table(table("patient,x", "p,1", " ,2", "q,3"))
    require_filled(rows, "x", "t.csv", "")
    with pytest.raises(CorpusError, match=r"t.csv: column 'patient' is empty in row 3. Every row needs its patient."):
        require_filled(rows, "patient", "t.csv", "Every row needs its patient.")


def test_cells_of_a_column_are_stripped_and_empty_where_there_is_none(table):
    rows = read_table(table("view", " PA ", "AP"))
    assert column_of(rows, "view") == ["PA", "AP"]
    assert column_of(rows, "sex") == ["", ""]
