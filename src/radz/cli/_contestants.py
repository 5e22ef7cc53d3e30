"""The models of a comparison, from what stands on the command line.

runs/a/checkpoint              a directory of `radz train`; `shipped` is the one that comes with radz
clip:openai/clip-vit-base-patch32,prompts=published,as=CLIP
NAME[:CHECKPOINT][,OPTION=VALUE ...]   a baseline; `as` is what the table calls it
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radz.config import parse_options
from radz.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from radz.data.target import Target
    from radz.knowledge import Concept, KnowledgeBase
    from radz.metrics.scores_file import ScoresProvenance
    from radz.types import Anchors, Scores, Study, ZeroShotModel

SHIPPED, LABEL = "shipped", "as"
OWN_OPTIONS = ("anchors", "source")
"""What may stand behind a checkpoint of ours."""


@dataclass(frozen=True, slots=True)
class Named:
    """One model as it was written: ``where`` is a directory, ``shipped`` or a baseline's name."""

    where: str
    checkpoint: str | None
    options: Mapping[str, Any]
    label: str


@dataclass
class Contestant:
    """A model that brings the anchors it is asked with: vectors are its own, words are the same for all.

    name: what the table calls it. trained_parameters: where a checkpoint of ours says them.
    """

    name: str
    model: ZeroShotModel
    anchors: Anchors
    provenance: ScoresProvenance
    trained_parameters: int | None = None

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """The model's scores for the same concepts under its own anchors."""
        return self.model.score(studies, self.anchors)


@dataclass(frozen=True)
class Contest:
    """What all models of a comparison share. asked: findings as the user names them."""

    target: Target
    strata: tuple[str, ...]
    knowledge: KnowledgeBase
    asked: Sequence[str]
    prompts: str
    findings_files: Sequence[Path] = ()
    seed: int = 0
    concepts: list[Concept] = field(init=False)

    def __post_init__(self) -> None:
        concepts = [self.knowledge.parse(name) for name in self.asked]
        object.__setattr__(self, "concepts", list({concept.id: concept for concept in concepts}.values()))

    def anchors(self) -> Anchors:
        """The words of the concepts, for models that read words."""
        import torch

        from radz import registry
        from radz.anchors import learns

        if learns(self.prompts):
            raise ConfigError(f"--prompts {self.prompts} are vectors and no sentences. Choose names or rules.")
        made: Anchors = registry.load("anchors", self.prompts)(self.concepts, lambda texts: torch.ones(len(texts), 1))
        return made

    def open(self, named: Named, corpus: Any) -> Contestant:
        """The model, ready to score ``corpus``."""
        made = self._ours(named, corpus) if is_checkpoint(named.where) else self._baseline(named, corpus)
        return replace(made, name=named.label)

    def _ours(self, named: Named, corpus: Any) -> Contestant:
        from radz.cli._opening import load_predictor, scores_provenance
        from radz.model.checkpoint import trained_parameters
        from radz.serve.predictor import shipped_checkpoint

        for option in named.options:
            if option not in OWN_OPTIONS:
                raise UnknownNameError("option of a checkpoint", option, (*OWN_OPTIONS, LABEL))
        directory = shipped_checkpoint() if named.where == SHIPPED else Path(named.where)
        predictor = load_predictor(directory, named.options.get("source"), self.findings_files)
        anchors = predictor.anchors(list(dict.fromkeys(self.asked)), named.options.get("anchors"))
        concepts = [concept.id for concept in self.concepts]
        made = scores_provenance(predictor, self.target, corpus, anchors, concepts, seed=self.seed)
        return Contestant(named.label, predictor.model, anchors, made, trained_parameters(directory))

    def _baseline(self, named: Named, corpus: Any) -> Contestant:
        from radz.baselines import BaselineContext, open_baseline
        from radz.data.splits import split_hash
        from radz.metrics.scores_file import ScoresProvenance

        around = BaselineContext(self._train, self.strata)
        model = open_baseline(named.where, named.checkpoint, around, named.options)
        made = ScoresProvenance(
            model=named.label,
            corpus=self.target.corpus,
            options=self.target.options,
            split=self.target.split,
            split_hash=split_hash(corpus.records),
            fold=str(self.target.fold or ""),
            anchors=str(named.options.get("prompts", self.prompts)),
            exposure=self._exposure(named.checkpoint),
            seed=self.seed,
        )
        return Contestant(named.label, model, self.anchors(), made)

    def _exposure(self, checkpoint: str | None) -> dict[str, str]:
        """What a baseline that we trained has seen of each finding; nothing is known of others."""
        from radz.leakage.exposure import exposure
        from radz.provenance import Provenance

        path = Path(checkpoint or "") / "provenance.json"
        if checkpoint is None or not path.is_file():
            return {}
        made = Provenance.model_validate_json(path.read_text(encoding="utf-8"))
        return {concept.id: exposure(concept, made, self.knowledge).value for concept in self.concepts}

    def _train(self) -> Any:
        if self.target.split == "train":
            raise ConfigError("no number: it would be fitted on the very studies that are evaluated")
        return self.target.open("train")


def parse_model(text: str) -> Named:
    """``WHERE[:CHECKPOINT][,OPTION=VALUE ...]``. Raises ConfigError where nothing stands before the first comma."""
    place, *options = re.split(r",(?=\w+=)", text)
    values = parse_options(options)
    label = values.pop(LABEL, None)
    if not place:
        raise ConfigError(f"'{text}' names no model: write a checkpoint directory, or a baseline as NAME[:CHECKPOINT].")
    if is_checkpoint(place):
        name = place if place == SHIPPED else Path(place).name
        return Named(place, None, values, str(label or name))
    where, _, checkpoint = place.partition(":")
    return Named(where, checkpoint or None, values, str(label or where))


def with_own_names(models: Sequence[Named]) -> list[Named]:
    """Models whose labels differ: a second of the same label gets its number behind it."""
    seen: dict[str, int] = {}
    made = []
    for model in models:
        seen[model.label] = seen.get(model.label, 0) + 1
        number = seen[model.label]
        made.append(model if number == 1 else replace(model, label=f"{model.label} ({number})"))
    return made


def is_checkpoint(where: str) -> bool:
    """Whether it is one of ours rather than a baseline's name."""
    return where == SHIPPED or Path(where).is_dir()
