"""Typed errors. Each message says what came, what was allowed and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MANY = 40
"""A message that lists more names than these would not be read; it gives the nearest names and how to list all."""


def printable(text: str) -> str:
    """``text`` with control characters and undecodable bytes escaped, so that it cannot act on a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class RadzError(Exception):
    """Base class of every error that radz raises on purpose."""


class ConfigError(RadzError):
    """A setting is unknown, contradictory or out of range."""


class UnknownNameError(RadzError):
    """A plug-in, finding, label or setting of that name does not exist.

    hint: what to do; where more than MANY names are known it says how to list them, since the message does not.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind, self.name, self.known, self.hint = kind, name, sorted(known), hint
        super().__init__(_unknown_name_message(kind, name, self.known, hint))

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str], str]]:
        return type(self), (self.kind, self.name, self.known, self.hint)


class MissingExtraError(RadzError):
    """An optional dependency is absent; the message holds the command that installs it."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        self.feature, self.package, self.extra = feature, package, extra
        super().__init__(
            f"{feature} needs the package '{package}', which is not installed. "
            f"Install it with: pip install 'radz[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        return type(self), (self.feature, self.package, self.extra)


class ImageError(RadzError):
    """A file could not be turned into a radiograph; the batch continues without it."""


class CorpusError(RadzError):
    """A corpus directory or table does not have the layout it should have."""


class DocumentError(RadzError):
    """A document cannot be read as text, or says nothing about the findings asked for."""


class KnowledgeError(RadzError):
    """A concept's entry does not have the form that the knowledge base requires."""


class AnchorError(RadzError):
    """A strategy cannot make an anchor of that concept, or the model does not have the strategy."""


class LeakageError(RadzError):
    """A patient, label or text crosses from training into a test that must not have seen it."""


class CacheError(RadzError):
    """The model cache could not be prepared, read or trusted."""


class TrainingError(RadzError):
    """Training cannot continue: its loss or gradients are not finite, or its state cannot be written."""


class CheckpointError(RadzError):
    """A checkpoint is incomplete, damaged or made for another backbone."""


class ScoresError(RadzError):
    """A file or array of scores cannot be evaluated as it is."""


class CalibrationError(RadzError):
    """A calibration file is missing, damaged or of another model or other anchors."""


def _unknown_name_message(kind: str, name: str, known: list[str], hint: str) -> str:
    nearest = get_close_matches(name, known, n=3, cutoff=0.5)
    parts = [f"Unknown {kind} '{name}'."]
    if nearest:
        parts.append(f"Did you mean {' or '.join(repr(n) for n in nearest)}?")
    if len(known) <= MANY:
        parts.append(f"Known: {', '.join(known) if known else 'none'}.")
    if hint:
        parts.append(hint)
    return " ".join(parts)
