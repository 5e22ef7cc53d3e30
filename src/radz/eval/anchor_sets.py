"""One model under several sets of anchors: each film passes it once, or twice where only some sets have denials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from radz.errors import ScoresError
from radz.types import Anchors, Scores, Study, ZeroShotModel


@dataclass
class _Joined:
    """All sets side by side; what was last scored is kept for the sets that ask next."""

    model: ZeroShotModel
    sets: Mapping[str, Anchors]
    last: tuple[tuple[str, ...], Scores] | None = field(default=None, init=False)

    def score(self, studies: Sequence[Study]) -> Scores:
        ids = tuple(study.study_id for study in studies)
        if self.last is None or self.last[0] != ids:
            self.last = ids, self.model.score(studies, join(self.sets))
        return self.last[1]


@dataclass
class _OneOf:
    """``ZeroShotModel`` of one set; asked for anchors, it answers with its own of the same concepts."""

    name: str
    joined: _Joined

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        start, own = 0, self.joined.sets[self.name]
        for name, other in self.joined.sets.items():
            if name == self.name:
                break
            start += len(other)
        if own.concepts != anchors.concepts:
            raise ScoresError(
                f"The anchors '{self.name}' are of {', '.join(own.concepts)}, asked for are "
                f"{', '.join(anchors.concepts)}: sets that are compared must be of the same findings."
            )
        whole = self.joined.score(studies)
        notes = {concept: whole.notes[f"{self.name}/{concept}"] for concept in own.concepts if self._noted(concept)}
        films = {study: note for study, note in whole.notes.items() if study in whole.study_ids}
        return Scores(whole.study_ids, own.concepts, whole.values[:, start : start + len(own)], films | notes)

    def _noted(self, concept: str) -> bool:
        return self.joined.last is not None and f"{self.name}/{concept}" in self.joined.last[1].notes


def under_each(model: ZeroShotModel, sets: Mapping[str, Anchors]) -> dict[str, ZeroShotModel]:
    """Set -> the model under it. Films that are scored under all of them one after the other pass it once, or twice
    where only some sets have denials. Sets are of the same findings.
    """
    denied = {name: anchors.negative is not None for name, anchors in sets.items()}
    alike = {kind: {name: sets[name] for name in sets if denied[name] is kind} for kind in (True, False)}
    joined = {kind: _Joined(model, own) for kind, own in alike.items()}
    return {name: _OneOf(name, joined[denied[name]]) for name in sets}


def join(sets: Mapping[str, Anchors]) -> Anchors:
    """The sets' rows one below the other; a concept of the set S is called ``S/concept``."""
    every = [*sets.values()]
    negative = [anchors.negative for anchors in every if anchors.negative is not None]
    return Anchors(
        concepts=tuple(f"{name}/{concept}" for name, anchors in sets.items() for concept in anchors.concepts),
        positive=torch.cat([anchors.positive.detach() for anchors in every]),
        negative=torch.cat([side.detach() for side in negative]) if negative else None,
        texts=tuple(texts for anchors in every for texts in anchors.texts),
        strategy=every[0].strategy,
    )


def sides(anchors: Anchors) -> dict[str, Anchors]:
    """Anchors of what is stated and of what is denied, each on its own. Raises ScoresError without denials."""
    if anchors.negative is None:
        raise ScoresError(f"The anchors '{anchors.strategy}' have no denials, so there is no score of \"no X\".")
    alone = {"positive": anchors.positive, "negative": anchors.negative}
    return {
        name: Anchors(anchors.concepts, rows, None, anchors.texts, anchors.strategy) for name, rows in alone.items()
    }
