"""Read the tables of a corpus, with errors that name what a table lacks."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from radz.data.splits import rows_text
from radz.errors import CorpusError
from radz.storage import shortened

READERS = (".csv", ".csv.gz", ".parquet")
ROW = "__row__"
"""Column of row numbers as a spreadsheet shows them: the header is row 1."""


def read_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A CSV or Parquet file as text, empty cells as ``""``, with the column ``ROW``.

    columns: of a CSV, read only those of these columns that exist.

    Raises CorpusError if the file is missing, of another kind, malformed or without rows.
    """
    if not path.name.lower().endswith(READERS):
        raise CorpusError(f"{path}: a table must be one of {', '.join(READERS)}.")
    if not path.is_file():
        raise CorpusError(f"{path}: there is no such table. Check the name.")
    try:
        table = _read_cells(path, columns)
    except _read_errors() as error:
        raise CorpusError(f"{path}: cannot be read as a table: {shortened(error)}. Save it as CSV in UTF-8.") from None
    if table.empty:
        raise CorpusError(f"{path}: the table has no rows. Add one per image.")
    table[ROW] = range(2, len(table) + 2)
    return table


def read_text(path: Path) -> str:
    """The content of a text file. Raises CorpusError if it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: cannot be read as text in UTF-8: {shortened(error)}. Save it again.") from None


def require_columns(table: pd.DataFrame, wanted: Mapping[str, str], where: str) -> None:
    """Raise CorpusError if ``table`` lacks a column of ``wanted``, a mapping from its use to its name."""
    columns = [str(column) for column in table.columns if column != ROW]
    missing = [
        f"'{name}' (for {role}{_nearest(name, columns)})" for role, name in wanted.items() if name not in columns
    ]
    if missing:
        raise CorpusError(
            f"{where}: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
            f"Found: {', '.join(columns)}."
        )


def require_filled(table: pd.DataFrame, column: str, where: str, why: str) -> None:
    """Raise CorpusError with the rows where ``column`` is empty."""
    empty = table[ROW][table[column].str.strip() == ""].tolist()
    if empty:
        raise CorpusError(f"{where}: column '{column}' is empty in {rows_text(empty)}. {why}")


def column_of(table: pd.DataFrame, name: str) -> Sequence[str]:
    """A column's cells, stripped; empty ones where the table has no such column."""
    return table[name].str.strip().tolist() if name in table.columns else [""] * len(table)


def _read_cells(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    if path.suffix.lower() in (".csv", ".gz"):
        return _read_csv(path, columns)
    # Nullable types keep whole numbers whole: a patient 7 must not become "7.0" where another cell is empty.
    table = pd.read_parquet(path, dtype_backend="numpy_nullable")
    return table.astype("string").fillna("").astype(object).rename(columns=str)


def _read_csv(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    wanted = None if columns is None else set(columns).__contains__
    table = pd.read_csv(path, dtype=str, na_filter=False, encoding="utf-8-sig", usecols=wanted)
    if isinstance(table.index, pd.RangeIndex):
        return table
    table = _unshifted(path)  # pandas took the first cells for an index, because rows have more cells than the header
    return table if columns is None else table[[name for name in table.columns if name in columns]]


def _unshifted(path: Path) -> pd.DataFrame:
    """A CSV whose rows end in more cells than the header has. Raises CorpusError if one of these is not empty."""
    shifted = pd.read_csv(path, dtype=str, na_filter=False, encoding="utf-8-sig")
    header, cells = shifted.columns, shifted.reset_index()
    surplus = (cells.iloc[:, len(header) :] != "").any(axis=1)
    if surplus.any():
        row = int(surplus.to_numpy().argmax())
        last = str(cells.iloc[row, -1])
        raise CorpusError(
            f"{path}: row {row + 2} has {cells.shape[1]} cells and the header {len(header)} (the last: '{last}'). "
            "Quote cells that hold a comma, or name the column."
        )
    return cells.iloc[:, : len(header)].set_axis(header, axis=1)


def _read_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises; pandas' parser and decoding errors are ValueErrors."""
    errors = (ValueError, OSError, EOFError, TypeError, OverflowError, zlib.error)
    try:
        from pyarrow.lib import ArrowException
    except ImportError:
        return errors
    return (*errors, ArrowException)


def _nearest(name: str, columns: Sequence[str]) -> str:
    near = get_close_matches(name, columns, n=1, cutoff=0.4) or [column for column in columns if name in column][:1]
    return f"; nearest: '{near[0]}'" if near else ""
