"""Files of what was fitted on validation scores: written whole or not at all, and checked when they are read."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from radz.errors import CalibrationError

T = TypeVar("T", bound=BaseModel)


def write_whole(text: str, path: Path) -> None:
    """Write the file; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def write_stored(content: BaseModel, path: Path) -> None:
    """Write ``content`` as JSON."""
    write_whole(content.model_dump_json(indent=1) + "\n", path)


def read_stored(kind: type[T], path: Path, command: str, again: str) -> T:
    """What ``command`` wrote. Raises CalibrationError, with ``again``, for a file that is missing or damaged."""
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationError(f"There is no {path}. `{command}` writes such a file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path.name} cannot be read: {error}. {again}") from None
    except ValidationError as error:
        raise CalibrationError(f"{path.name} is damaged: {first_fault(error)}. {again}") from None


def first_fault(error: ValidationError) -> str:
    """Where the first fault of a file is, and what."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
