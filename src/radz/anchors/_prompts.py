"""Prompt files: YAML lists of sentence pairs, one that states a finding and one that denies it.

The shipped ones are in ``radz/prompts``: ``default``, which the strategy ``names`` takes, and ``paraphrases``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from radz.anchors._texts import anchors_from_texts
from radz.errors import ConfigError, UnknownNameError
from radz.knowledge import Concept
from radz.storage import UnreadableError, content_hash, load_yaml
from radz.types import NORMAL, Anchors, EncodeText

PLACE = "{finding}"
DEFAULT = "default"
FIELDS = ("positive", "negative", "normal")
FORM = f"Write a YAML list of prompts, each with {', '.join(FIELDS)}."


@dataclass(frozen=True, slots=True)
class PromptPair:
    """One wording. ``{finding}`` is replaced by the finding's name; normal: the denial of "no abnormal finding".

    name: its set and its place there, e.g. ``paraphrases 3/9``. sha256: of the sentences, first 8 digits.
    """

    name: str
    positive: str
    negative: str
    normal: str

    @property
    def sha256(self) -> str:
        """Hash of the wording, first 8 digits."""
        return content_hash("\n".join((self.positive, self.negative, self.normal)))[:8]

    def statement(self, concept: Concept) -> str:
        """The sentence that states the finding."""
        return _filled(self.positive, concept.name)

    def denial(self, concept: Concept) -> str:
        """The sentence that denies it."""
        return self.normal if concept.id == NORMAL else _filled(self.negative, concept.name)

    def anchors(self, concepts: Sequence[Concept], encode_text: EncodeText, strategy: str = "names") -> Anchors:
        """One sentence per concept and one that denies it: unit rows (C, D)."""
        positive = [[self.statement(concept)] for concept in concepts]
        negative = [[self.denial(concept)] for concept in concepts]
        return anchors_from_texts(concepts, positive, negative, encode_text, strategy)


def load_prompts(which: str) -> tuple[PromptPair, ...]:
    """The pairs of a shipped set, by name, or of a YAML file.

    Raises UnknownNameError for a set that is not shipped, ConfigError for a file that is missing or of another form.
    """
    folder = Path(str(files("radz") / "prompts"))
    shipped = {path.stem: path for path in folder.glob("*.yaml")}
    path = shipped.get(which, Path(which))
    if which not in shipped and path.suffix not in (".yaml", ".yml"):
        raise UnknownNameError("prompt set", which, shipped, "The name of a file ends with .yaml.")
    try:
        tree = load_yaml(path)
    except FileNotFoundError:
        raise ConfigError(
            f"There is no prompt file {path}. Give another file, or one of {', '.join(sorted(shipped))}."
        ) from None
    except UnreadableError as error:
        raise ConfigError(f"{path} {error}. {FORM}") from None
    if not isinstance(tree, list) or not tree:
        raise ConfigError(f"{path} must hold a list of prompts. {FORM}")
    return tuple(_pair(entry, f"{path.stem} {i}/{len(tree)}", path) for i, entry in enumerate(tree, start=1))


def _pair(entry: Any, name: str, path: Path) -> PromptPair:
    fields = entry if isinstance(entry, dict) else {}
    if set(fields) != set(FIELDS) or not all(isinstance(text, str) and text.strip() for text in fields.values()):
        raise ConfigError(f"{path}: prompt {name} must have the sentences {', '.join(FIELDS)} and nothing else.")
    if fields["positive"].count(PLACE) != 1 or fields["negative"].count(PLACE) != 1:
        raise ConfigError(f"{path}: prompt {name} must name {PLACE} once in positive and once in negative.")
    return PromptPair(name, fields["positive"], fields["negative"], fields["normal"])


def _filled(template: str, name: str) -> str:
    """The sentence about a finding; a name at its beginning gets a capital."""
    text = template.replace(PLACE, name)
    return text if not template.startswith(PLACE) else text[0].upper() + text[1:]
