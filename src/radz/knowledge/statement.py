"""One sentence about a concept and its source: a cited document, or the language model that drafted it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Draft(BaseModel):
    """How a language model produced a text, in enough detail to repeat it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: str = Field(description="Backbone plug-in.")
    fingerprint: str = Field(description="Hash of its decoder's weights.")
    seed: int = Field(description="Seed of the sampling.")
    sampling: str = Field("", description="Sampling settings.")
    prompt: str = Field(description="The complete prompt.")


class Statement(BaseModel):
    """One sentence. ``reviewed`` is set by a person who has checked it, never by a command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, description="The sentence, exactly as it is encoded.")
    source: str = Field(min_length=1, description="Title, page or section, and date; or the model that drafted it.")
    reviewed: bool = Field(False, description="Whether a person has checked it.")
    other_findings: tuple[str, ...] = Field((), description="Ids of other findings it names, for the reviewer.")
    draft: Draft | None = Field(None, description="How it was drafted, if a language model wrote it.")
