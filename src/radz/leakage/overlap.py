"""Films that an evaluation shares with what its model was trained on: known overlaps of public corpora, and ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from radz.leakage.membership import film_keys, patient_keys, unpack
from radz.provenance import Provenance
from radz.types import Study


@dataclass(frozen=True, slots=True)
class KnownOverlap:
    """Two public corpora that hold the same films. same_ids: whether a film has the same name in both."""

    corpora: frozenset[str]
    what: str
    same_ids: bool
    ids: str
    source: str


@dataclass(frozen=True, slots=True)
class FilmOverlap:
    """What of ``studies`` was trained on. films, patients: how many studies show a film or a patient that was.

    pictures: studies whose film looks like one that was, where pictures were compared.
    known: overlaps of the corpora that ids cannot clear. recorded: whether the model says which films it has met.
    """

    studies: int
    films: int = 0
    patients: int = 0
    pictures: int = 0
    known: tuple[str, ...] = ()
    recorded: bool = False

    @property
    def found(self) -> bool:
        """Whether anything is shared, or must be taken to be."""
        return bool(self.films or self.patients or self.pictures or self.known)

    def lines(self, where: str = "that was trained on") -> list[str]:
        """What is shared, a line each; empty where nothing is. ``where``: what the others are."""
        found = ((self.films, "show a film"), (self.patients, "show a patient"), (self.pictures, "look like a film"))
        counted = [f"{count} of {self.studies} studies {what} {where}" for count, what in found if count]
        return [*counted, *self.known]


@lru_cache(maxsize=1)
def known_overlaps() -> tuple[KnownOverlap, ...]:
    """The overlaps that radz knows of, from ``overlaps.yaml``."""
    entries = yaml.safe_load(files("radz.leakage").joinpath("overlaps.yaml").read_text(encoding="utf-8"))
    return tuple(KnownOverlap(**{**entry, "corpora": frozenset(entry["corpora"])}) for entry in entries)


def overlap_of(first: str, second: str) -> KnownOverlap | None:
    """The known overlap of two corpora, or ``None``."""
    return next((known for known in known_overlaps() if known.corpora == {first, second}), None)


def find_overlap(
    provenance: Provenance, corpus: str, records: Sequence[Study], aliases: Mapping[str, str] | None = None
) -> FilmOverlap:
    """What the model of ``provenance`` has met of the ``records`` of ``corpus``.

    aliases: film name -> name in the corpus it was taken from, from ``read_aliases``; with it names decide where
    they do not by themselves.
    """
    met = unpack(provenance.trained_ids)
    known = [found for name in trained_corpora(provenance) if (found := overlap_of(corpus, name)) is not None]
    undecided = tuple(f"{k.what} ({k.ids})" for k in known if not (met and (k.same_ids or aliases)))
    films = sum(not met.isdisjoint(keys) for keys in film_keys(records, corpus, aliases))
    patients = sum(not met.isdisjoint(keys) for keys in patient_keys(records, corpus, aliases))
    return FilmOverlap(len(records), films, patients, known=undecided, recorded=bool(met))


def trained_corpora(provenance: Provenance) -> tuple[str, ...]:
    """Names of the corpora whose films the model has met, earlier stages included."""
    return tuple(dict.fromkeys((*provenance.corpora, provenance.corpus)))
