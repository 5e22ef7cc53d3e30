"""The files of a checkpoint directory: read as they were written, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from radz.errors import CheckpointError
from radz.provenance import Provenance
from radz.storage import UnreadableError, file_sha256, known_sha256, load_json

CONFIG, WEIGHTS, PROVENANCE = "config.json", "model.safetensors", "provenance.json"
AGAIN = "Copy the checkpoint again."


def with_files(provenance: Provenance, directory: Path) -> Provenance:
    """``provenance`` with the SHA-256 of every weight file in ``directory``, and the fingerprint of its weights."""
    paths = sorted(directory.rglob("*.safetensors"))
    files = {path.relative_to(directory).as_posix(): file_sha256(path) for path in paths}
    return provenance.model_copy(update={"files": files, "fingerprint": files.get(WEIGHTS, "")[:16]})


def write_provenance(provenance: Provenance, directory: Path) -> None:
    """Write provenance.json into a checkpoint that is being written."""
    (directory / PROVENANCE).write_text(provenance.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_provenance(directory: Path) -> Provenance:
    """The provenance of a checkpoint. Raises CheckpointError if it is missing or damaged."""
    path = directory / PROVENANCE
    try:
        return Provenance.model_validate(read_json(path))
    except ValidationError as error:
        raise CheckpointError(f"{path} is damaged: {error.errors()[0]['msg']}. {AGAIN}") from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a checkpoint. Raises CheckpointError if it is missing or damaged."""
    try:
        value = load_json(path)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path.parent} has no {path.name}. A checkpoint is a directory with {CONFIG}, {WEIGHTS} and {PROVENANCE}, "
            "as `radz train` writes it."
        ) from None
    except UnreadableError as error:
        raise CheckpointError(f"{path} is damaged: it {error}. {AGAIN}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: it is not a mapping. {AGAIN}")
    return value


def require_intact(directory: Path, provenance: Provenance, name: str) -> None:
    """Raises CheckpointError for a weight file that is missing, or whose content is not the one that was written.

    radz 0.1 recorded 16 digits for the weights and nothing for other files.
    """
    path = directory / name
    if not path.is_file():
        raise CheckpointError(f"{directory} has no {name}. {AGAIN}")
    recorded = provenance.files.get(name) or (provenance.fingerprint if name == WEIGHTS else None)
    if recorded is None:
        return
    if not recorded:
        raise CheckpointError(f"{directory / PROVENANCE} is damaged: it has no hash of {name}. {AGAIN}")
    actual = known_sha256(path)
    if not actual.startswith(recorded):
        raise CheckpointError(
            f"{path} is damaged: its SHA-256 begins with {actual[:16]}, but {PROVENANCE} says {recorded[:16]}. {AGAIN}"
        )


def read_weights(directory: Path, provenance: Provenance) -> dict[str, Tensor]:
    """The tensors (...) of a checkpoint by name. Raises CheckpointError if they are missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    require_intact(directory, provenance, WEIGHTS)
    try:
        state: dict[str, Tensor] = load_file(directory / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{directory / WEIGHTS} is damaged: {error}. {AGAIN}") from None
    return state
