"""The directory of a run: the settings it was made with, and whether this run may continue in it."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import yaml

from radz.config import DataConfig, RunConfig
from radz.errors import CheckpointError, LeakageError
from radz.model.checkpoint import read_description
from radz.model.checkpoint_files import PROVENANCE
from radz.storage import atomic_file, content_hash, parse_yaml, remove_unfinished
from radz.training.distributed import is_main

SETTINGS, IDENTITY = "config.yaml", "stage.sha256"


def open_output_dir(config: RunConfig, data_sha256: str) -> Path | None:
    """Make the run's directory and save its settings there; the checkpoint of a stage that is finished, else ``None``.

    Raises LeakageError or CheckpointError if the directory holds another run.
    """
    config.output.mkdir(parents=True, exist_ok=True)
    if is_main():
        remove_unfinished(config.output)
    require_same_data(config.output, config.data)
    finished = None
    if config.stage:
        settings = config.model_dump(mode="json", exclude={"output", "start"})
        finished = claim_output_dir(config.output, config.stage, identity(settings, config.start, data_sha256))
    save_settings(config)
    return finished


def save_settings(config: RunConfig) -> None:
    """Write ``config.yaml``, whole or not at all; the main process does."""
    if is_main():
        with atomic_file(config.output / SETTINGS) as partial:
            partial.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")


def require_same_data(output: Path, data: DataConfig) -> None:
    """Raise LeakageError if the run to resume, whose tower and states would be used, saw what this one must not."""
    before, now = _saved_data(output / SETTINGS), data.model_dump(mode="json")
    for name in before.keys() & {"held_out", "fold"}:
        theirs, ours = (sorted(x) if isinstance(x, list) else x for x in (before[name], now[name]))
        if theirs != ours:
            raise LeakageError(
                f"{output} holds a run with data.{name} {theirs}, and this one has {ours}: choose another output, or "
                "delete that run."
            )


def _saved_data(path: Path) -> dict[str, Any]:
    """The section ``data`` of saved settings; nothing where there are none, or a kill of radz 0.1 cut them short."""
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        tree = parse_yaml(text)
        if text.endswith("\n") and tree.keys():
            unset: dict[str, Any] = {"held_out": [], "fold": None} if "warmup" in tree else {}  # the last key
            return unset | {name: value for name, value in tree["data"].items() if value is not None}
    except (ValueError, AttributeError, KeyError):
        pass
    logging.getLogger(__name__).warning("%s is cut short and is written again.", path)
    return {}


def claim_output_dir(output: Path, stage: str, run_identity: str) -> Path | None:
    """Mark ``output`` as this stage's; its checkpoint where the stage is finished, else ``None``.

    Raises CheckpointError if it holds a stage with other settings, data or start.
    """
    path = output / IDENTITY
    saved = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if re.fullmatch(r"[0-9a-f]{64}", saved) and saved != run_identity:  # a mark that was cut short claims nothing
        raise CheckpointError(
            f"{output} holds a stage '{stage}' with other settings, data or start: choose another output, or delete it "
            "to train anew."
        )
    if is_main():
        with atomic_file(path) as partial:
            partial.write_text(run_identity, encoding="utf-8")
    checkpoint = output / "checkpoint"
    return checkpoint if (checkpoint / PROVENANCE).is_file() else None


def identity(settings: dict[str, Any], start: Path | None, data_sha256: str) -> str:
    """Hash over everything that decides what a stage becomes: settings, data and the weights it starts from."""
    fingerprint = read_description(start)[1].fingerprint if start is not None else ""
    return content_hash([settings, data_sha256, fingerprint])
