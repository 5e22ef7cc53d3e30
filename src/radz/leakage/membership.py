"""The films and patients that a model has met, as short hashes: enough to tell that one comes again, not to name it.

A key is 40 bits of SHA-256 over an id. With a hundred thousand films met and twenty thousand evaluated, one evaluation
in five hundred has a match by chance. Whoever can list the ids that may have been trained on can test them against the
keys; ``data.record_ids: false`` leaves them out where that must not be.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from radz.types import Study

BYTES = 5
DIGITS = 8
"""A file name with this many digits (NIH's, UUIDs, DICOM UIDs) is taken for the same film's in every corpus."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")
_NIH_FILM = re.compile(r"(\d{8})_\d{3}")
Keys = frozenset[bytes]


def film_keys(records: Sequence[Study], corpus: str, aliases: Mapping[str, str] | None = None) -> list[Keys]:
    """For each record the keys under which its film may be met again.

    aliases: film name -> its name in the corpus that it was taken from. An id counts within ``corpus``; a file name
    with ``DIGITS`` digits in every corpus, unless it repeats within the records.
    """
    keys = []
    for study, names in zip(records, film_names(records, aliases), strict=True):
        own = _key("film", corpus, study.study_id)
        keys.append(frozenset((own, *(_key("film", "", name) for name in names))))
    return keys


def patient_keys(records: Sequence[Study], corpus: str, aliases: Mapping[str, str] | None = None) -> list[Keys]:
    """For each record the keys of its patient; a film named as NIH names them says its patient in every corpus."""
    return [
        frozenset((_key("patient", corpus, study.patient_id), *(_key("patient", "nih", p) for p in _nih(names))))
        if study.patient_id
        else frozenset(_key("patient", "nih", p) for p in _nih(names))
        for study, names in zip(records, film_names(records, aliases), strict=True)
    ]


def film_names(records: Sequence[Study], aliases: Mapping[str, str] | None = None) -> list[frozenset[str]]:
    """For each record the names that its film has wherever it is published: of its id and file, without suffix."""
    given = [{_stem(study.study_id), _stem(study.image.name if study.image else "")} for study in records]
    named = [names | {_stem(aliases[n]) for n in names & aliases.keys()} for names in given] if aliases else given
    counts = Counter(name for names in named for name in names)
    return [frozenset(n for n in names if counts[n] == 1 and _is_distinctive(n)) for names in named]


def pack(records: Sequence[Study], corpus: str, earlier: str = "") -> str:
    """All keys of ``records`` and those packed ``earlier``, sorted, as base64."""
    keys = set(unpack(earlier)).union(*film_keys(records, corpus), *patient_keys(records, corpus))
    return base64.b64encode(b"".join(sorted(keys))).decode("ascii")


def unpack(packed: str) -> Keys:
    """The keys of what ``pack`` made."""
    joined = base64.b64decode(packed)
    return frozenset(joined[i : i + BYTES] for i in range(0, len(joined), BYTES))


def origin_of(corpus: Any, name: str) -> str:
    """Name of the corpus that the films come from: what the corpus says (shards do), else ``name``."""
    while not hasattr(corpus, "origin") and hasattr(corpus, "corpus"):
        corpus = corpus.corpus  # a view of another corpus
    return str(getattr(corpus, "origin", name))


def _key(kind: str, space: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}:{space}:{name.lower()}".encode()).digest()[:BYTES]


def _is_distinctive(name: str) -> bool:
    return sum(character.isdigit() for character in name) >= DIGITS


def _stem(name: str) -> str:
    """``images/00000013_005.png`` -> ``00000013_005``; what follows other points is kept: a DICOM UID has many."""
    last = PurePosixPath(name)
    return last.stem if last.suffix.lower() in SUFFIXES else last.name


def _nih(names: Iterable[str]) -> list[str]:
    return [found[1] for name in names if (found := _NIH_FILM.fullmatch(name))]
