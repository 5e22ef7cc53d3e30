"""The labeler's words of one language: a YAML file beside this one, checked when it is read.

It stands apart from the knowledge base, whose names and synonyms become sentences that models are trained on; words
that only have to be recognised belong here. A term is written in lower case without accents. ``*`` stands for any
ending ("nodul*"), ``...`` for up to three words without punctuation ("heart ... enlarged").
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
from radz.knowledge import LIST, KnowledgeBase
from radz.types import NORMAL

OTHER_ABNORMAL = "other_abnormal"
"""Label of a term that is no concept but forbids to call a film normal."""
UNRELATED = "unrelated"
"""Label of a term that only hides a shorter one: "subcutaneous emphysema" is no emphysema of the lung."""
_GAP = r"(?:\w+ ){0,3}"


class Cues(BaseModel):
    """Phrases that change what a mention means, in the manner of NegEx."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: tuple[str, ...] = Field((), description="Act on the mentions after them.")
    after: tuple[str, ...] = Field((), description="Act on the mentions before them.")
    pseudo: tuple[str, ...] = Field((), description="Contain a cue without being one: 'no change'.")
    end: tuple[str, ...] = Field((), description="No cue acts across them: 'but'.")


class Lexicon(BaseModel):
    """What the labeler knows of one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concept_names: bool = Field(False, description="Whether the names in the knowledge base are of this language.")
    findings: dict[str, tuple[str, ...]] = Field(description="Concept id -> terms; a term may belong to several.")
    topics: dict[str, tuple[str, ...]] = Field(
        {},
        description="Concept id -> terms that speak of it without naming it: 'heart size is normal'. Never labelled; "
        "a sentence with one goes where the concept is held out of training.",
    )
    other_abnormal: tuple[str, ...] = Field((), description="Abnormalities that are not concepts.")
    unrelated: tuple[str, ...] = Field((), description="Longer phrases that contain a term and mean something else.")
    negated: Cues = Field(description="Of absence.")
    uncertain: Cues = Field(description="Of doubt.")
    elsewhere: Cues = Field(description="Of another time or a question: such a mention says nothing of this film.")

    def labelled(self, knowledge: KnowledgeBase) -> frozenset[str]:
        """Ids of the concepts that are labelled: those that have terms here, and those that the user added.

        A shipped concept without terms is none: its bare name would take words from a finding whose agreement was
        measured.
        """
        shipped = {concept.id for concept in KnowledgeBase.load()}
        return frozenset(c.id for c in knowledge if c.id in self.findings or c.id not in shipped)

    def terms(self, knowledge: KnowledgeBase) -> Iterator[tuple[str, str]]:
        """(label, term), the names of what is labelled among them where they are of this language.

        The names of "no finding" are left out: "normal" is said of hearts and vessels too.
        """
        if self.concept_names:
            labelled = [c for c in knowledge if c.id != NORMAL and c.id in self.labelled(knowledge)]
            yield from ((c.id, fold(name)) for c in labelled for name in c.names)
        yield from ((concept, term) for concept, terms in self.findings.items() for term in terms)
        yield from ((OTHER_ABNORMAL, term) for term in self.other_abnormal)
        yield from ((UNRELATED, term) for term in self.unrelated)


def languages() -> tuple[str, ...]:
    """Languages that have a lexicon."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def load_lexicon(language: str, knowledge: KnowledgeBase) -> Lexicon:
    """The shipped lexicon of a language. Raises UnknownNameError for a language that has none."""
    if language not in languages():
        raise UnknownNameError("report language", language, languages())
    return read_lexicon(_folder() / f"{language}.yaml", knowledge)


def read_lexicon(path: Path, knowledge: KnowledgeBase) -> Lexicon:
    """Lexicon of a file. Raises KnowledgeError with the field that is wrong, or a concept that does not exist."""
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
    """Lower case without accents; hyphens, slashes, underscores and runs of white space are one space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s_\-/]+", " ", plain).strip().lower()


def compiled(term: str) -> re.Pattern[str]:
    """Expression of a term over folded text. Group 1 is what cues act on: the words after the last gap.

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
            raise KnowledgeError(f"{path.name}: '{concept}' is not a concept. {LIST}")
