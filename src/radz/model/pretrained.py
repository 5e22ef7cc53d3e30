"""Reading checkpoints with transformers: their code is never run, and a hub id may pin its revision.

A source is a directory, or a hub id, which may end with ``@REVISION`` (a commit, tag or branch).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from radz.errors import CheckpointError

SHOWN = 3
CODE = "It contains code, which radz never runs."


def from_pretrained(auto: Any, source: str | Path, **options: Any) -> Any:
    """``auto.from_pretrained``, e.g. of AutoModel, without running code of the checkpoint.

    Raises what transformers raises: OSError, ValueError, RuntimeError.
    """
    name, revision = split_revision(source)
    if revision is not None:
        options["revision"] = revision
    return auto.from_pretrained(name, trust_remote_code=False, **options)


def load_whole(auto: Any, source: str | Path, *, unread: tuple[str, ...] = (), **options: Any) -> Any:
    """A model with every weight from the checkpoint; transformers alone would start missing ones at random.

    unread: parts of names that may be missing, since nothing reads them. Weights that the model has no place for, e.g.
    of layers that are cut, are left out. Raises CheckpointError for missing weights, and what transformers raises.
    """
    model, info = from_pretrained(auto, source, output_loading_info=True, **options)
    missing = sorted(name for name in info["missing_keys"] if not any(part in name for part in unread))
    if missing:
        unexpected = sorted(info["unexpected_keys"])
        raise CheckpointError(
            f"{source} lacks {_listed(missing)} of a {type(model).__name__}, which would be random. Its unexpected "
            f"weights: {_listed(unexpected) if unexpected else 'none'}. Give a complete checkpoint in transformers' "
            "format; one with the names of the model's original code must be converted first."
        )
    return model


def _listed(names: list[str]) -> str:
    """The number of weights and the first of them."""
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return f"{len(names)} weights ({shown})"


def split_revision(source: str | Path) -> tuple[str, str | None]:
    """The directory or hub id, and the revision behind its ``@``, if any."""
    text = str(source)
    if Path(text).exists():
        return text, None
    name, _, revision = text.partition("@")
    return name, revision or None


def pinned(source: str) -> str:
    """``source``, or ``HUB_ID@COMMIT`` where it is a hub id that was loaded: the commit that its files are of."""
    name, revision = split_revision(source)
    if Path(name).exists():
        return source
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name, "config.json", revision=revision)
    return f"{name}@{Path(path).parent.name}" if isinstance(path, str) else source


def reason(error: BaseException) -> str:
    """The first line of an error of transformers, or that the checkpoint contains code."""
    text = str(error).strip()
    if "trust_remote_code" in text or "custom code" in text:
        return CODE
    return (text.splitlines() or [type(error).__name__])[0]


@contextmanager
def code_refused() -> Iterator[None]:
    """Inside the block transformers refuses code where a library does not tell it whether to run it, without asking.

    Only for libraries that call transformers themselves.
    """
    from transformers import dynamic_module_utils

    before = dynamic_module_utils.TIME_OUT_REMOTE_CODE
    dynamic_module_utils.TIME_OUT_REMOTE_CODE = 0  # how long it waits for an answer: not at all
    try:
        yield
    finally:
        dynamic_module_utils.TIME_OUT_REMOTE_CODE = before
