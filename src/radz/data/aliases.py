"""Names that images have in another corpus: lists that say where an image was taken from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from radz.data.tables import column_of, read_table, require_columns
from radz.errors import CorpusError
from radz.storage import UnreadableError, load_json


def read_aliases(path: Path) -> dict[str, str]:
    """Image name -> its name in the corpus that it was taken from.

    A CSV with the columns ``film`` and ``original``, or the RSNA's mapping (JSON: ``subset_img_id``, ``img_id``).
    Raises CorpusError for anything else.
    """
    if path.suffix.lower() == ".json":
        rows = _json_rows(path)
        pairs = [(row.get("subset_img_id"), row.get("img_id")) for row in rows]
    else:
        table = read_table(path)
        require_columns(table, {"name here": "film", "name there": "original"}, str(path))
        pairs = [*zip(column_of(table, "film"), column_of(table, "original"), strict=True)]
    aliases = {str(here): str(there) for here, there in pairs if here and there}
    if not aliases:
        raise CorpusError(
            f"{path}: names no film. Wanted: the columns film and original, or the RSNA's subset_img_id and img_id."
        )
    return aliases


def _json_rows(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        rows = load_json(path)
    except (FileNotFoundError, UnreadableError) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else error
        raise CorpusError(f"{path} {reason}. Give the RSNA's mapping, or a CSV with film and original.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CorpusError(
            f"{path}: is not a list of entries with subset_img_id and img_id, as the RSNA publishes it. Give that file."
        )
    return rows
