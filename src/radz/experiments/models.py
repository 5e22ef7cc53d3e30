"""Models from the names that a user gives, with their anchors and what is known of their training.

shipped                        the checkpoint that comes with radz
runs/a/checkpoint              a directory of `radz train`, with ,anchors=... or ,source=... behind it
clip:openai/clip-vit-base-patch32,prompts=published,as=CLIP
NAME[:CHECKPOINT][,OPTION=VALUE ...]   a baseline; ``as`` is what tables call it
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from radz import registry
from radz.config import parse_options
from radz.errors import ConfigError, UnknownNameError
from radz.eval.entry import Entry, EvaluationSet
from radz.knowledge import Concept, KnowledgeBase
from radz.model.checkpoint_files import read_provenance
from radz.provenance import Provenance
from radz.serve.predictor import Predictor, shipped_checkpoint
from radz.types import Anchors

SHIPPED, LABEL = "shipped", "as"
CHECKPOINT_OPTIONS = ("anchors", "source")
"""Options that a checkpoint of ours takes."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model as it was written: ``where`` is a directory, ``shipped`` or a baseline's name."""

    where: str
    checkpoint: str | None
    options: Mapping[str, Any]
    label: str


@dataclass(frozen=True)
class ModelOpener:
    """Opens models for one evaluation set, all asked about the same findings.

    findings: as the user names them. prompts: anchor strategy whose sentences baselines read.
    """

    images: EvaluationSet
    findings: Sequence[str]
    strata: tuple[str, ...]
    prompts: str = "names"
    findings_files: Sequence[Path] = ()
    knowledge: KnowledgeBase = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "knowledge", KnowledgeBase.load(self.findings_files))

    @cached_property
    def concepts(self) -> list[Concept]:
        """The findings, each once, in order."""
        concepts = [self.knowledge.parse(name) for name in self.findings]
        return list({concept.id: concept for concept in concepts}.values())

    @cached_property
    def word_anchors(self) -> Anchors:
        """The words of the concepts, for models that read words; their vectors mean nothing."""
        import torch

        from radz.anchors import learns

        if learns(self.prompts):
            raise ConfigError(f"--prompts {self.prompts} are vectors and no sentences. Choose names or rules.")
        anchors: Anchors = registry.load("anchors", self.prompts)(
            self.concepts, lambda texts: torch.ones(len(texts), 1)
        )
        return anchors

    def open(self, spec: ModelSpec) -> Entry:
        """The model, ready to be scored."""
        return self._checkpoint(spec) if is_checkpoint(spec.where) else self._baseline(spec)

    def _checkpoint(self, spec: ModelSpec) -> Entry:
        for option in spec.options:
            if option not in CHECKPOINT_OPTIONS:
                raise UnknownNameError("option of a checkpoint", option, (*CHECKPOINT_OPTIONS, LABEL))
        directory = shipped_checkpoint() if spec.where == SHIPPED else Path(spec.where)
        predictor = Predictor.load(directory, source=spec.options.get("source"), findings=self.findings_files)
        anchors = predictor.anchors(list(dict.fromkeys(self.findings)), spec.options.get("anchors"))
        return replace(entry_of(predictor, anchors), name=spec.label, trained_parameters=trained_count(directory))

    def _baseline(self, spec: ModelSpec) -> Entry:
        from radz.baselines import BaselineContext, open_baseline
        from radz.leakage.exposure import exposure

        model = open_baseline(spec.where, spec.checkpoint, BaselineContext(self._train, self.strata), spec.options)
        trained_on = _provenance(spec.checkpoint)
        return Entry(
            name=spec.label,
            model=model,
            anchors=self.word_anchors,
            trained_on=trained_on,
            exposure={c.id: exposure(c, trained_on, self.knowledge) for c in self.concepts} if trained_on else {},
            anchors_name=str(spec.options.get("prompts", self.prompts)),
        )

    def _train(self) -> Any:
        if self.images.target.split == "train":
            raise ConfigError("no number: it would be fitted on the very studies that are evaluated")
        return self.images.target.open("train")


def entry_of(predictor: Predictor, anchors: Anchors, prompts: str = "") -> Entry:
    """A checkpoint of ours under ``anchors``. prompts: the wording that they were made of, where one was named."""
    return Entry(
        name=predictor.model.name,
        model=predictor.model,
        anchors=anchors,
        trained_on=predictor.provenance,
        exposure=predictor.exposures(anchors.concepts),
        fingerprint=predictor.fingerprint,
        prompts=prompts,
    )


def parse_model(text: str) -> ModelSpec:
    """``WHERE[:CHECKPOINT][,OPTION=VALUE ...]``. Raises ConfigError if nothing precedes the first comma."""
    place, *options = re.split(r",(?=\w+=)", text)
    values = parse_options(options)
    label = values.pop(LABEL, None)
    if not place:
        raise ConfigError(f"'{text}' names no model: write a checkpoint directory, or a baseline as NAME[:CHECKPOINT].")
    if is_checkpoint(place):
        name = place if place == SHIPPED else Path(place).name
        return ModelSpec(place, None, values, str(label or name))
    where, _, checkpoint = place.partition(":")
    return ModelSpec(where, checkpoint or None, values, str(label or where))


def with_distinct_labels(models: Iterable[ModelSpec]) -> list[ModelSpec]:
    """The same models with labels that differ: a second model of one label gets its number behind it."""
    counts: dict[str, int] = {}
    distinct = []
    for model in models:
        counts[model.label] = number = counts.get(model.label, 0) + 1
        distinct.append(model if number == 1 else replace(model, label=f"{model.label} ({number})"))
    return distinct


def is_checkpoint(where: str) -> bool:
    """Whether it is one of ours rather than a baseline's name."""
    return where == SHIPPED or (where not in registry.names("baselines") and Path(where).is_dir())


def trained_count(directory: Path | None) -> int:
    """Trained parameters of a checkpoint, the shipped one by default."""
    from radz.model.checkpoint import trained_parameters

    return trained_parameters(directory or shipped_checkpoint())


def _provenance(checkpoint: str | None) -> Provenance | None:
    """What a baseline that we trained was trained on; ``None`` for others."""
    path = Path(checkpoint or "") / "provenance.json"
    if checkpoint is None or not path.is_file():
        return None
    return read_provenance(path.parent)
