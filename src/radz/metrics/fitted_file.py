"""JSON files of fitted values: thresholds and calibration.

Each is written atomically and carries the hash of its content, which is compared when it is read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from radz.errors import CalibrationError
from radz.storage import SEAL, atomic_file, sealed, unsealed

T = TypeVar("T", bound=BaseModel)


def write_stored(content: BaseModel, path: Path) -> None:
    """Write ``content`` as JSON with its hash; an interrupted write leaves the old file untouched."""
    stored = sealed(content.model_dump(mode="json"))
    with atomic_file(path) as partial:
        partial.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_stored(kind: type[T], path: Path, command: str, again: str) -> T:
    """Read a ``kind`` that ``command`` wrote.

    ``again`` ends the message and says how to make the file anew. Raises CalibrationError for a file that is missing or
    damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return kind.model_validate_json(_without_seal(text, f"{path.name} is damaged: {{}}. {again}"))
    except FileNotFoundError:
        raise CalibrationError(f"There is no {path}. `{command}` writes such a file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path.name} cannot be read: {error}. {again}") from None
    except ValidationError as error:
        raise CalibrationError(f"{path.name} is damaged: {first_fault(error)}. {again}") from None


def _without_seal(text: str, message: str) -> str:
    """The JSON without its hash; files of radz 0.1 have none. Raises CalibrationError if it is another one."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text  # pydantic says where the fault is
    if not isinstance(content, dict) or SEAL not in content:
        return text
    rest = unsealed(content)
    if rest is None:
        raise CalibrationError(message.format("its content does not match its hash"))
    return json.dumps(rest)


def first_fault(error: ValidationError) -> str:
    """The first validation error as ``field: message``."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
