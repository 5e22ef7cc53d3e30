"""The tiny LLaVA with weights left out or renamed, with code, or with another processor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors.torch import load_file, save_file

Rename = Callable[[str], str | None]
"""Name of a weight -> another name, or ``None`` to leave it out."""


def copy_llava(source: Path, directory: Path, rename: Rename = str) -> Path:
    """A copy of a checkpoint with its weights renamed."""
    shutil.copytree(source, directory)
    weights = load_file(directory / "model.safetensors")
    renamed = {rename(name): tensor for name, tensor in weights.items()}
    renamed.pop(None, None)
    save_file(renamed, directory / "model.safetensors", {"format": "pt"})
    return directory


def without(*parts: str) -> Rename:
    """Leave out weights whose name has one of ``parts``."""
    return lambda name: None if any(part in name for part in parts) else name


def original_names(name: str) -> str:
    """Names as the original LLaVA code saved them."""
    for ours, theirs in (
        ("multi_modal_projector.linear_1", "model.mm_projector.0"),
        ("multi_modal_projector.linear_2", "model.mm_projector.2"),
        ("vision_tower.", "model.vision_tower.vision_tower."),
        ("language_model.model.", "model."),
        ("language_model.lm_head", "lm_head"),
    ):
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name


def edit_json(path: Path, drop: Sequence[str] = (), **changes: object) -> None:
    """Leave keys of a JSON object out and set others."""
    content = {key: value for key, value in json.loads(path.read_text()).items() if key not in drop}
    path.write_text(json.dumps(content | changes))


def with_code(source: Path, directory: Path, ran: Path) -> Path:
    """A copy whose model type is defined by code that it contains, which writes the file ``ran`` when it runs."""
    shutil.copytree(source, directory)
    classes = {"AutoConfig": "brought.C", "AutoModelForImageTextToText": "brought.M", "AutoModel": "brought.M"}
    edit_json(directory / "config.json", model_type="brought", auto_map=classes)
    (directory / "brought.py").write_text(f"open({str(ran)!r}, 'w')\nclass C: pass\nclass M: pass\n")
    return directory
