"""Which concepts a model takes for near: cosines between anchors, or between a text and anchors."""

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
class Neighbour:
    """One concept; cosine: between its statement's anchor and what was asked for, in [-1, 1]."""

    concept: str
    cosine: float
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The nearest concepts first. concept: id of what was asked for, ``None`` where the query was read as a text."""

    query: str
    concept: str | None
    strategy: str
    neighbours: tuple[Neighbour, ...]


def nearest(
    predictor: Predictor, query: str, directory: Path | None = None, top: int = 10, strategy: str | None = None
) -> Neighbourhood:
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
    kept = [(name, cosine) for name, cosine in ranked if concept is None or name != concept.id][:top]
    marks = _exposures(predictor, [name for name, _ in kept], directory)
    found = tuple(Neighbour(name, cosine, marks[name]) for name, cosine in kept)
    return Neighbourhood(query, concept.id if concept else None, anchors.strategy, found)


def _every(predictor: Predictor, strategy: str | None) -> Anchors:
    name = strategy or predictor.provenance.anchors
    closed = closed_set(open_strategy(name, predictor.model.model.anchors))
    return predictor.anchors([ALL] if closed is None else sorted(closed), name)


def _named(predictor: Predictor, query: str) -> Concept | None:
    name, _, description = (part.strip() for part in query.partition(":"))
    known = query in predictor.knowledge or (name and description)
    return predictor.knowledge.parse(query) if known else None


def _row(predictor: Predictor, concept: Concept | None, query: str, anchors: Anchors) -> Tensor:
    """Unit row (E,) of what was asked for."""
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
    """As the directory has it; parents that the base does not know say nothing of what was seen."""
    parents = [parent for parent in entry.get("parents", ()) if parent in predictor.knowledge]
    return Concept.model_validate({**entry, "parents": parents})
