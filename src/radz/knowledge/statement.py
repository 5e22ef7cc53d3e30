"""A sentence about a concept with where it is from: cited from a document, or drafted by a language model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Draft(BaseModel):
    """How a language model came to a text, so that it can be made again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: str = Field(description="Backbone plug-in.")
    fingerprint: str = Field(description="Hash of its decoder's weights.")
    seed: int = Field(description="Seed of the sampling.")
    sampling: str = Field("", description="How words were drawn.")
    prompt: str = Field(description="What the model was given, whole.")


class Statement(BaseModel):
    """One sentence. A person who has checked it sets ``reviewed``; no command does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, description="The sentence, as it is encoded.")
    source: str = Field(min_length=1, description="Title, page or section, and date; or the model that drafted it.")
    reviewed: bool = Field(False, description="Whether a person has checked it.")
    other_findings: tuple[str, ...] = Field((), description="Ids of further findings that it names, for the reviewer.")
    draft: Draft | None = Field(None, description="How it was drafted, if a language model wrote it.")
