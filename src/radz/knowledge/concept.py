"""The schema of a concept: one finding, device, body part or modality and the texts that describe it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from radz.knowledge.statement import Statement
from radz.storage import content_hash

UNREVIEWED = "unreviewed"
"""``source`` of an entry that nobody has checked against a text."""
IMAGED = ("finding", "device")
"""Kinds of concept that an image may or may not show; the other kinds describe the image itself."""
DESCRIPTION = ("definition", "appearance", "location", "context")
"""Fields that describe a finding, in the order in which anchors read them."""

Group = Literal["infectious", "neoplastic", "cardiovascular", "other"]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class Concept(BaseModel):
    """One entry of the knowledge base. Every text field may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+$", description="Key of the entry, in lower case with underscores.")
    name: str = Field(min_length=1, description="Canonical name as used in a sentence, e.g. 'pleural effusion'.")
    kind: Literal["finding", "device", "body_part", "modality"] = Field(
        "finding",
        description="Something seen in an image, something put into the body, or a kind of image.",
    )
    default: bool = Field(False, description="Whether `predict` scores it when the user names no finding.")
    synonyms: tuple[str, ...] = Field((), description="Other English names, including corpus labels.")
    labels: tuple[str, ...] = Field(
        (),
        description="Corpus labels for it or for a kind of it; looked up like synonyms, never used in a sentence.",
    )
    translations: dict[Language, tuple[str, ...]] = Field(
        {}, description="Language (ISO 639-1) -> names; looked up like synonyms, never used in a sentence."
    )
    definition: str = Field("", description="A clause that defines it without using the name.")
    appearance: tuple[str, ...] = Field((), description="How it looks in the image, one noun phrase per entry.")
    location: tuple[str, ...] = Field((), description="Where it is usually seen.")
    context: tuple[str, ...] = Field((), description="In which patients it is seen.")
    not_to_confuse: tuple[str, ...] = Field((), description="Findings that look like it.")
    parents: tuple[str, ...] = Field((), description="Ids of broader concepts.")
    group: Group = Field("other", description="Disease group.")
    body_part: str = Field("chest", description="Body part in the image that `appearance` describes.")
    modality: str = Field("radiograph", description="Modality of the image that `appearance` describes.")
    codes: dict[str, str] = Field({}, description="Ontology -> code.")
    statements: tuple[Statement, ...] = Field(
        (), description="Sentences, each with its source. The anchor strategies `rules` and `hybrid` use them."
    )
    source: str = Field(
        UNREVIEWED, description="The text it was checked against (title, section, date), or 'unreviewed'."
    )

    @field_validator("statements")
    @classmethod
    def _keep_last_of_equal_texts(cls, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """Of two statements with the same text the later one wins: it may be the reviewed one."""
        return tuple({statement.text: statement for statement in statements}.values())

    @property
    def names(self) -> tuple[str, ...]:
        """English names: the canonical one, then the synonyms."""
        return (self.name, *self.synonyms)

    @property
    def spoken_names(self) -> tuple[str, ...]:
        """Names in every language, as a report may use them."""
        return (*self.names, *(name for names in self.translations.values() for name in names))

    @property
    def every_name(self) -> tuple[str, ...]:
        """Id, names and corpus labels: every key under which it is looked up."""
        return (self.id, *self.spoken_names, *self.labels)

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole entry. ``statements`` are left out when empty, so that hashes from before that field
        existed still match."""
        return content_hash(self.model_dump_json(exclude=None if self.statements else {"statements"}))

    def unreviewed(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Those of an anchor's ``texts`` that are unreviewed statements."""
        unreviewed = {statement.text for statement in self.statements if not statement.reviewed}
        return tuple(text for text in texts if text in unreviewed)
