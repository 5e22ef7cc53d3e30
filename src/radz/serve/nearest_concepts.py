"""The concepts nearest to another, or to a text, in a model's anchor space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from radz.anchors import closed_set, load_anchors, open_strategy, read_record
from radz.knowledge import ALL, Concept
from radz.leakage.exposure import exposure
from radz.serve.predictor import Predictor
from radz.types import Anchors, Exposure


@dataclass(frozen=True, slots=True)
class NearConcept:
    """One concept. cosine: between its anchor and the query, in [-1, 1]."""

    concept: str
    cosine: float
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class NearestConcepts:
    """Concepts by falling cosine. concept: id of the query, ``None`` if it was encoded as a text."""

    query: str
    concept: str | None
    strategy: str
    neighbours: tuple[NearConcept, ...]


def nearest_concepts(
    predictor: Predictor, query: str, directory: Path | None = None, top: int = 10, strategy: str | None = None
) -> NearestConcepts:
    """The ``top`` concepts nearest to ``query``, itself left out.

    query: a name that the base knows, "name: description", or any other text, which is encoded as it is. directory:
    anchors of this model to search; without it, everything that can be seen in the model's kind of image. Denials take
    no part. Raises AnchorError for a directory that is damaged or of another model.
    """
    anchors = load_anchors(directory, predictor.identity()) if directory else _every(predictor, strategy)
    concept = _named(predictor, query)
    row = _row(predictor, concept, query, anchors)
    cosines = (anchors.positive.detach().float() @ row).tolist()
    ranked = sorted(zip(anchors.concepts, cosines, strict=True), key=lambda pair: -pair[1])
    others = [(name, cosine) for name, cosine in ranked if concept is None or name != concept.id][:top]
    marks = _exposures(predictor, [name for name, _ in others], directory)
    nearest = tuple(NearConcept(name, cosine, marks[name]) for name, cosine in others)
    return NearestConcepts(query, concept.id if concept else None, anchors.strategy, nearest)


def _every(predictor: Predictor, strategy: str | None) -> Anchors:
    name = strategy or predictor.provenance.anchors
    closed = closed_set(open_strategy(name, predictor.model.model.anchors))
    return predictor.anchors([ALL] if closed is None else sorted(closed), name)


def _named(predictor: Predictor, query: str) -> Concept | None:
    name, _, description = (part.strip() for part in query.partition(":"))
    known = query in predictor.knowledge or (name and description)
    return predictor.knowledge.parse(query) if known else None


def _row(predictor: Predictor, concept: Concept | None, query: str, anchors: Anchors) -> Tensor:
    """Unit row (E,) of the query."""
    if concept is None:
        return F.normalize(predictor.model.encode_text([query])[0].float(), dim=0)
    if concept.id not in anchors.concepts:
        anchors = predictor.anchors([query], anchors.strategy)
    return anchors.positive[anchors.concepts.index(concept.id)].detach().float()


def _exposures(predictor: Predictor, names: list[str], directory: Path | None) -> dict[str, Exposure]:
    """What the model has seen of each; by their entries in the directory, if one is searched."""
    if directory is None:
        return predictor.exposures(names)
    entries = {entry["id"]: entry["concept"] for entry in read_record(directory)["concepts"]}
    known = {name: _concept(predictor, entries[name]) for name in names}
    return {name: exposure(concept, predictor.provenance, predictor.knowledge) for name, concept in known.items()}


def _concept(predictor: Predictor, entry: Mapping[str, Any]) -> Concept:
    """The concept as the directory records it, without parents that the base does not know."""
    parents = [parent for parent in entry.get("parents", ()) if parent in predictor.knowledge]
    return Concept.model_validate({**entry, "parents": parents})
