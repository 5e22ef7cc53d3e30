"""The labeler's vocabulary for one language: a YAML file in ``lexicons/``, validated when it is read.

It is separate from the knowledge base because names and synonyms there become training sentences; words that only
have to be recognized belong here. ``radz.text.terms`` describes how terms and cues are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import LIST_HINT, KnowledgeBase
from radz.storage import UnreadableError, load_yaml
from radz.text.clauses import ClauseWords
from radz.text.terms import expanded, fold
from radz.types import NORMAL

OTHER_ABNORMAL = "other_abnormal"
"""Label of an abnormality that is not a concept; an image with one is not normal."""
UNRELATED = "unrelated"
"""Label of a longer phrase that contains a term but means something else: "subcutaneous emphysema"."""

ANAPHOR = "anaphor"
"""Label of a phrase that repeats the mention before it: "a small one"."""


class Cues(BaseModel):
    """Phrases that change the meaning of a mention, as in NegEx."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: tuple[str, ...] = Field((), description="Cues for the mentions that follow.")
    after: tuple[str, ...] = Field((), description="Cues for the mentions that precede.")
    either: tuple[str, ...] = Field((), description="Cues for the mentions on both sides.")


class Lexicon(BaseModel):
    """The vocabulary of the labeler for one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: dict[str, tuple[str, ...]] = Field({}, description="Name -> words; a term with {name} has each of them.")
    concept_names: bool = Field(False, description="Whether names in the knowledge base are in this language.")
    findings: dict[str, tuple[str, ...]] = Field(description="Concept id -> terms; concepts may share a term.")
    topics: dict[str, tuple[str, ...]] = Field(
        {},
        description="Concept id -> terms that refer to it without naming it: 'heart size is normal'. Never labelled; "
        "sentences with one are removed when the concept is held out of training.",
    )
    other_abnormal: tuple[str, ...] = Field((), description="Abnormalities that are not concepts.")
    unrelated: tuple[str, ...] = Field((), description="Longer phrases that contain a term but mean something else.")
    anaphors: tuple[str, ...] = Field((), description="Phrases that repeat the mention before: 'a small one'.")
    clauses: ClauseWords = Field(ClauseWords(), description="Words that show where a clause or a list ends.")
    neutral: tuple[str, ...] = Field((), description="Phrases that contain a cue but are not one: 'no change in'.")
    negated: Cues = Field(description="Cues of absence.")
    uncertain: Cues = Field(description="Cues of doubt.")
    elsewhere: Cues = Field(description="Cues of another time or a question, which say nothing about this image.")

    @model_validator(mode="before")
    @classmethod
    def _expand_groups(cls, fields: Any) -> Any:
        """Replace each term that names a group by one term for each of its words."""
        if not isinstance(fields, dict):
            return fields
        groups = fields.get("groups") or {}
        return {
            name: value if name in ("groups", "clauses") else _expand(value, groups) for name, value in fields.items()
        }

    def labelled(self, knowledge: KnowledgeBase) -> frozenset[str]:
        """Ids of the concepts that are labelled: those that have terms here, and those that the user added.

        A shipped concept without terms is not labelled: its bare name would take words from a finding whose agreement
        was measured.
        """
        shipped = {concept.id for concept in KnowledgeBase.load()}
        return frozenset(c.id for c in knowledge if c.id in self.findings or c.id not in shipped)

    def terms(self, knowledge: KnowledgeBase) -> Iterator[tuple[str, str]]:
        """(label, term), including the names of labelled concepts if they are in this language.

        The names of "no finding" are left out: hearts and vessels are called "normal" too.
        """
        if self.concept_names:
            labelled = [c for c in knowledge if c.id != NORMAL and c.id in self.labelled(knowledge)]
            yield from ((c.id, fold(name)) for c in labelled for name in c.names)
        yield from ((concept, term) for concept, terms in self.findings.items() for term in terms)
        yield from ((OTHER_ABNORMAL, term) for term in self.other_abnormal)
        yield from ((UNRELATED, term) for term in self.unrelated)
        yield from ((ANAPHOR, term) for term in self.anaphors)


def languages() -> tuple[str, ...]:
    """Codes of the languages that have a lexicon, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def load_lexicon(language: str, knowledge: KnowledgeBase) -> Lexicon:
    """The shipped lexicon for a language. Raises UnknownNameError for a language without one."""
    if language not in languages():
        raise UnknownNameError("report language", language, languages())
    return read_lexicon(_folder() / f"{language}.yaml", knowledge)


def read_lexicon(path: Path, knowledge: KnowledgeBase) -> Lexicon:
    """The lexicon in a file. Raises KnowledgeError with the field that is wrong, or with the unknown concept."""
    try:
        lexicon = Lexicon.model_validate(load_yaml(path))
    except FileNotFoundError:
        raise KnowledgeError(f"There is no lexicon {path}. Check the name.") from None
    except UnreadableError as error:
        raise KnowledgeError(f"{path.name} {error}. Write it as the shipped lexicons.") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise KnowledgeError(f"{path.name}, '{'.'.join(map(str, first['loc']))}': {first['msg']}.") from None
    _require_known(path, {**lexicon.findings, **lexicon.topics}, knowledge)
    return lexicon


def _expand(value: Any, groups: Mapping[str, Sequence[str]]) -> Any:
    """The lists of terms in a mapping or a list, expanded."""
    if isinstance(value, dict):
        return {name: _expand(terms, groups) for name, terms in value.items()}
    if isinstance(value, list):
        return [longer for term in value for longer in (expanded(term, groups) if isinstance(term, str) else [term])]
    return value


def _folder() -> Path:
    return Path(str(files("radz.text"))) / "lexicons"


def _require_known(path: Path, findings: Mapping[str, object], knowledge: KnowledgeBase) -> None:
    known = {concept.id for concept in knowledge}
    for concept in findings:
        if concept not in known:
            raise KnowledgeError(f"{path.name}: '{concept}' is not a concept. {LIST_HINT}")
