"""Anchors on disk: a directory is complete, undamaged and made by the model that asks, or it is refused.

anchors.safetensors  positive (C, E) and, where the strategy has them, negative (C, E) and agreement (C,)
anchors.json         the model, the hash of the tensors, and each concept's texts, source, parents and whole entry
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from radz import __version__
from radz.errors import AnchorError
from radz.knowledge import Concept
from radz.storage import atomic_directory, content_hash, file_sha256, load_json, remove_unfinished
from radz.types import Anchors

RECORD, TENSORS = "anchors.json", "anchors.safetensors"
AGAIN = "Delete it and build it again."
ABANDONED_S = 3600
"""Age of an unfinished directory that no process is writing any more; anchors are written in seconds."""


def save_anchors(anchors: Anchors, concepts: Sequence[Concept], model: Mapping[str, str], directory: Path) -> None:
    """Write ``directory`` whole or not at all. model: what its anchors depend on, e.g. fingerprint and dtype.

    Raises AnchorError if ``directory`` holds anything else, which is left untouched.
    """
    from safetensors.torch import save_file

    _require_free(directory)
    remove_unfinished(directory.parent, directory.name, ABANDONED_S)
    with atomic_directory(directory) as partial:
        sides = {"positive": anchors.positive, "negative": anchors.negative, "agreement": anchors.agreement}
        tensors = {name: rows.detach().cpu().contiguous() for name, rows in sides.items() if rows is not None}
        save_file(tensors, partial / TENSORS)
        record = _record(anchors, concepts, model) | {"tensors_sha256": file_sha256(partial / TENSORS)}
        sealed = record | {"record_sha256": content_hash(record)}
        (partial / RECORD).write_text(json.dumps(sealed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_anchors(directory: Path, model: Mapping[str, str]) -> Anchors:
    """The anchors in ``directory``. Raises AnchorError if it is incomplete, damaged or another model's."""
    anchors, record = read_anchors(directory)
    if record["model"] != dict(model):
        raise AnchorError(
            f"{directory} holds anchors of the model {record['model']}, but {dict(model)} asks. "
            "Anchors mean nothing to another model: build them with this one."
        )
    return anchors


def read_anchors(directory: Path) -> tuple[Anchors, dict[str, Any]]:
    """The anchors of any model in ``directory``, and their record. Raises AnchorError as ``read_record`` does."""
    from safetensors.torch import load_file

    record = read_record(directory)
    tensors = load_file(directory / TENSORS)
    ids = tuple(entry["id"] for entry in record["concepts"])
    texts = tuple(tuple(entry["texts"]) for entry in record["concepts"])
    names = tuple(entry["name"] for entry in record["concepts"])
    denials = tuple(tuple(entry.get("denials", ())) for entry in record["concepts"])
    sides = (tensors["positive"], tensors.get("negative"))
    denied = denials if all(denials) else ()
    anchors = Anchors(ids, *sides, texts, record["strategy"], tensors.get("agreement"), names=names, denials=denied)
    return anchors, record


def read_record(directory: Path) -> dict[str, Any]:
    """The record of the anchors in ``directory``, both hashes checked. Raises AnchorError as ``load_anchors`` does."""
    try:
        record: dict[str, Any] = load_json(directory / RECORD)
        stated, tensors = record.pop("record_sha256"), file_sha256(directory / TENSORS)
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise AnchorError(f"{directory} has no {missing}; it takes {RECORD} and {TENSORS}. {AGAIN}") from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise AnchorError(f"{directory / RECORD} is damaged: not a record with its hash. {AGAIN}") from None
    if stated != content_hash(record):
        raise AnchorError(f"{directory / RECORD} is damaged: its content does not match its hash. {AGAIN}")
    if tensors != record["tensors_sha256"]:
        raise AnchorError(f"{directory / TENSORS} is damaged: its content does not match the hash in {RECORD}. {AGAIN}")
    return record


def _require_free(directory: Path) -> None:
    """Raises AnchorError for a directory that holds anything but anchors."""
    if directory.exists() and not (directory.is_dir() and {p.name for p in directory.iterdir()} <= {RECORD, TENSORS}):
        raise AnchorError(
            f"{directory} exists and is not a directory of anchors alone ({RECORD}, {TENSORS}). Choose another one."
        )


def _record(anchors: Anchors, concepts: Sequence[Concept], model: Mapping[str, str]) -> dict[str, Any]:
    denials = anchors.denials or ((),) * len(concepts)
    entries = [
        {"id": c.id, "name": c.name, "texts": list(texts), "denials": list(denied), "source": c.source}
        | {"unreviewed": [*c.unreviewed(texts)], "parents": list(c.parents), "kind": c.kind, "sha256": c.sha256}
        | {"concept": c.model_dump(mode="json", exclude_defaults=True)}
        for c, texts, denied in zip(concepts, anchors.texts, denials, strict=True)
    ]
    return {"radz": __version__, "model": dict(model), "strategy": anchors.strategy, "concepts": entries}
