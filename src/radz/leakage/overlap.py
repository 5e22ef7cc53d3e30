"""Images and patients that an evaluation shares with training: by id, and by known overlaps of public corpora."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from radz.leakage.membership import image_keys, patient_keys, unpack_ids
from radz.provenance import Provenance
from radz.storage import parse_yaml
from radz.types import Study


@dataclass(frozen=True, slots=True)
class KnownOverlap:
    """Two public corpora that share images. same_ids: whether an image has the same name in both."""

    corpora: frozenset[str]
    what: str
    same_ids: bool
    ids: str
    source: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of ``studies`` share an image (``images``) or a patient (``patients``) with training.

    similar: studies whose image looks like a training image, where images were compared. known: overlaps of the corpora
    that ids cannot rule out. recorded: whether the model recorded its training images.
    """

    studies: int
    images: int = 0
    patients: int = 0
    similar: int = 0
    known: tuple[str, ...] = ()
    recorded: bool = False

    @property
    def shared(self) -> bool:
        """Whether anything is shared or has to be assumed to be."""
        return bool(self.images or self.patients or self.similar or self.known)

    def lines(self, where: str = "in the training data") -> list[str]:
        """One line for each kind of overlap; empty if there is none. ``where`` names the other images."""
        counts = {"have an image": self.images, "have a patient": self.patients, "look like an image": self.similar}
        counted = [f"{count} of {self.studies} studies {kind} {where}" for kind, count in counts.items() if count]
        return [*counted, *self.known]


@lru_cache(maxsize=1)
def known_overlaps() -> tuple[KnownOverlap, ...]:
    """The overlaps listed in ``overlaps.yaml``."""
    entries = parse_yaml(files("radz.leakage").joinpath("overlaps.yaml").read_text(encoding="utf-8"))
    return tuple(KnownOverlap(**{**entry, "corpora": frozenset(entry["corpora"])}) for entry in entries)


def overlap_of(first: str, second: str) -> KnownOverlap | None:
    """The known overlap of two corpora, or ``None``."""
    return next((known for known in known_overlaps() if known.corpora == {first, second}), None)


def find_overlap(
    provenance: Provenance, corpus: str, records: Sequence[Study], aliases: Mapping[str, str] | None = None
) -> Overlap:
    """What the ``records`` of ``corpus`` share with the training data of the model of ``provenance``.

    aliases: image name -> its name in the corpus it was taken from, see ``read_aliases``. With aliases, names decide
    between corpora that name their images differently.
    """
    trained = unpack_ids(provenance.trained_ids)
    known = [entry for name in trained_corpora(provenance) if (entry := overlap_of(corpus, name)) is not None]
    undecided = tuple(f"{k.what} ({k.ids})" for k in known if not (trained and (k.same_ids or aliases)))
    images = sum(not trained.isdisjoint(keys) for keys in image_keys(records, corpus, aliases))
    patients = sum(not trained.isdisjoint(keys) for keys in patient_keys(records, corpus, aliases))
    return Overlap(len(records), images, patients, known=undecided, recorded=bool(trained))


def trained_corpora(provenance: Provenance) -> tuple[str, ...]:
    """Names of the corpora that the model was trained on, earlier stages included."""
    return tuple(dict.fromkeys((*provenance.corpora, provenance.corpus)))
