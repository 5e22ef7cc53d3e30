"""The sentences that a baseline is given for each concept.

``given``: those that the anchors were made from, so that all models of a comparison read the same words.
``published``: what the baseline's own authors used. Anything else is a pair of templates, "{}|no {}".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radz.errors import ConfigError
from radz.types import Anchors

GIVEN, PUBLISHED = "given", "published"
Template = tuple[str, str]
"""How a finding is stated, and how it is denied, with ``{}`` for its name."""
STATEMENT: Template = ("There is {}.", "There is no {}.")
Sentences = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptSet:
    """For each of C concepts the sentences that state it and those that deny it."""

    positive: tuple[Sentences, ...]
    negative: tuple[Sentences, ...]

    @property
    def sentences(self) -> list[str]:
        """Every distinct sentence, in order of appearance."""
        return _distinct((*self.positive, *self.negative))

    @property
    def statements(self) -> list[str]:
        """Every distinct sentence that states a concept, in order of appearance."""
        return _distinct(self.positive)


def finding_names(anchors: Anchors) -> tuple[str, ...]:
    """Each concept's name within a sentence."""
    return anchors.names or tuple(concept.replace("_", " ") for concept in anchors.concepts)


def prompt_set(anchors: Anchors, prompts: str, published: Template) -> PromptSet:
    """The sentences of ``anchors`` under the setting ``prompts``; a concept without sentences gets ``STATEMENT``.

    Raises ConfigError for a setting that is neither a name nor a pair of templates.
    """
    names = finding_names(anchors)
    if prompts != GIVEN:
        return _filled(names, published if prompts == PUBLISHED else parse_template(prompts))
    plain = _filled(names, STATEMENT)
    return PromptSet(_or(anchors.texts, plain.positive), _or(anchors.denials, plain.negative))


def parse_template(prompts: str) -> Template:
    """``POSITIVE|NEGATIVE``, each with ``{}`` for the finding."""
    positive, bar, negative = prompts.partition("|")
    if not bar or "{}" not in positive or "{}" not in negative:
        raise ConfigError(
            f"prompts is '{prompts}', but it takes '{GIVEN}', '{PUBLISHED}' or two templates with {{}} for the finding "
            "and a bar between them, e.g. '{}|no {}'."
        )
    return positive.strip(), negative.strip()


def _filled(names: Sequence[str], template: Template) -> PromptSet:
    positive, negative = (tuple((side.replace("{}", name),) for name in names) for side in template)
    return PromptSet(positive, negative)


def _or(given: Sequence[Sentences], plain: tuple[Sentences, ...]) -> tuple[Sentences, ...]:
    return tuple(sentences or default for sentences, default in zip(given, plain, strict=True)) if given else plain


def _distinct(groups: Sequence[Sentences]) -> list[str]:
    return list(dict.fromkeys(text for group in groups for text in group))
