"""JSON files of fitted values: thresholds and calibration. Each is written atomically and validated when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from radz.errors import CalibrationError
from radz.storage import atomic_file

T = TypeVar("T", bound=BaseModel)


def write_stored(content: BaseModel, path: Path) -> None:
    """Write ``content`` as JSON; an interrupted write leaves the old file untouched."""
    with atomic_file(path) as partial:
        partial.write_text(content.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_stored(kind: type[T], path: Path, command: str, again: str) -> T:
    """Read a ``kind`` that ``command`` wrote.

    ``again`` ends the message and says how to make the file anew. Raises CalibrationError for a file that is missing or
    damaged.
    """
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationError(f"There is no {path}. `{command}` writes such a file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path.name} cannot be read: {error}. {again}") from None
    except ValidationError as error:
        raise CalibrationError(f"{path.name} is damaged: {first_fault(error)}. {again}") from None


def first_fault(error: ValidationError) -> str:
    """The first validation error as ``field: message``."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
