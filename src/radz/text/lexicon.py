"""The labeler's vocabulary for one language: a YAML file in ``lexicons/``, validated when it is read.

It is separate from the knowledge base because names and synonyms there become training sentences; words that only
have to be recognized belong here. Terms are lower case without accents. ``*`` matches any ending ("nodul*"), ``...``
up to three words without punctuation ("heart ... enlarged").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import LIST_HINT, KnowledgeBase
from radz.types import NORMAL

OTHER_ABNORMAL = "other_abnormal"
"""Label of an abnormality that is not a concept; an image with one is not normal."""
UNRELATED = "unrelated"
"""Label of a longer phrase that contains a term but means something else: "subcutaneous emphysema"."""
_GAP = r"(?:\w+ ){0,3}"


class Cues(BaseModel):
    """Phrases that change the meaning of a mention, as in NegEx."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: tuple[str, ...] = Field((), description="Cues for the mentions that follow.")
    after: tuple[str, ...] = Field((), description="Cues for the mentions that precede.")
    pseudo: tuple[str, ...] = Field((), description="Phrases that contain a cue but are not one: 'no change'.")
    end: tuple[str, ...] = Field((), description="Phrases that end the scope of a cue: 'but'.")


class Lexicon(BaseModel):
    """The vocabulary of the labeler for one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concept_names: bool = Field(False, description="Whether names in the knowledge base are in this language.")
    findings: dict[str, tuple[str, ...]] = Field(description="Concept id -> terms; concepts may share a term.")
    topics: dict[str, tuple[str, ...]] = Field(
        {},
        description="Concept id -> terms that refer to it without naming it: 'heart size is normal'. Never labelled; "
        "sentences with one are removed when the concept is held out of training.",
    )
    other_abnormal: tuple[str, ...] = Field((), description="Abnormalities that are not concepts.")
    unrelated: tuple[str, ...] = Field((), description="Longer phrases that contain a term but mean something else.")
    negated: Cues = Field(description="Cues of absence.")
    uncertain: Cues = Field(description="Cues of doubt.")
    elsewhere: Cues = Field(description="Cues of another time or a question, which say nothing about this image.")

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
        lexicon = Lexicon.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{path.name} is not valid YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise KnowledgeError(f"{path.name}, '{'.'.join(map(str, first['loc']))}': {first['msg']}.") from None
    _require_known(path, {**lexicon.findings, **lexicon.topics}, knowledge)
    return lexicon


def fold(text: str) -> str:
    """Lower case without accents; hyphens, slashes, underscores and runs of white space become one space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s_\-/]+", " ", plain).strip().lower()


def compiled(term: str) -> re.Pattern[str]:
    """The regular expression of a term, for folded text. Cues act on group 1, the words after the last gap.

    In "heart is not enlarged" that is "enlarged", so that the "not" within the term counts.
    """
    *before, last = (_words(part) for part in term.split("..."))
    return re.compile(rf"\b{''.join(f'{part} {_GAP}' for part in before)}({last})\b")


def _words(part: str) -> str:
    return re.escape(part.strip()).replace(r"\*", r"\w*").replace(r"\ ", " ")


def _folder() -> Path:
    return Path(str(files("radz.text"))) / "lexicons"


def _require_known(path: Path, findings: Mapping[str, object], knowledge: KnowledgeBase) -> None:
    known = {concept.id for concept in knowledge}
    for concept in findings:
        if concept not in known:
            raise KnowledgeError(f"{path.name}: '{concept}' is not a concept. {LIST_HINT}")
