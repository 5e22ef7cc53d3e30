"""The images and patients that a model was trained on, as short hashes that recognise an id but do not reveal it.

A key is the first 40 bits of SHA-256 over an id. With 100,000 training images and 20,000 evaluated ones, one evaluation
in 500 has a match by chance. Anyone who can list candidate ids can test them against the keys; ``data.record_ids:
false`` omits the keys where that is not acceptable.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from radz.storage import content_hash
from radz.types import Study

BYTES = 5
DIGITS = 8
"""A file name with at least this many digits (NIH names, UUIDs, DICOM UIDs) means the same image in every corpus."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")
_NIH_IMAGE = re.compile(r"(\d{8})_\d{3}")
_IMAGE = "film"
"""Prefix of a hashed image id; part of the keys in every checkpoint, so it never changes."""
Keys = frozenset[bytes]


def image_keys(records: Sequence[Study], corpus: str, aliases: Mapping[str, str] | None = None) -> list[Keys]:
    """For each record, the keys under which its image is recognised.

    aliases: image name -> its name in the corpus it was taken from. A study id is valid within ``corpus``; a file name
    with ``DIGITS`` digits is valid in every corpus, unless it repeats within the records.
    """
    return [
        frozenset((_key(_IMAGE, corpus, study.study_id), *(_key(_IMAGE, "", name) for name in names)))
        for study, names in zip(records, image_names(records, aliases), strict=True)
    ]


def patient_keys(records: Sequence[Study], corpus: str, aliases: Mapping[str, str] | None = None) -> list[Keys]:
    """For each record, the keys of its patient. An NIH file name identifies the patient in every corpus."""
    return [
        frozenset((_key("patient", corpus, study.patient_id), *(_key("patient", "nih", p) for p in _nih(names))))
        if study.patient_id
        else frozenset(_key("patient", "nih", p) for p in _nih(names))
        for study, names in zip(records, image_names(records, aliases), strict=True)
    ]


def image_names(records: Sequence[Study], aliases: Mapping[str, str] | None = None) -> list[frozenset[str]]:
    """For each record, the distinctive names of its image, from study id, file name and aliases, without suffix."""
    given = [{_stem(study.study_id), _stem(study.image.name if study.image else "")} for study in records]
    named = [names | {_stem(aliases[n]) for n in names & aliases.keys()} for names in given] if aliases else given
    counts = Counter(name for names in named for name in names)
    return [frozenset(n for n in names if counts[n] == 1 and _is_distinctive(n)) for names in named]


def pack_ids(records: Sequence[Study], corpus: str, earlier: str = "") -> str:
    """All keys of ``records`` and those packed ``earlier``, sorted, as base64."""
    keys = set(unpack_ids(earlier)).union(*image_keys(records, corpus), *patient_keys(records, corpus))
    return base64.b64encode(b"".join(sorted(keys))).decode("ascii")


def unpack_ids(packed: str) -> Keys:
    """The keys that ``pack_ids`` packed."""
    joined = base64.b64decode(packed)
    return frozenset(joined[i : i + BYTES] for i in range(0, len(joined), BYTES))


def origin_of(corpus: Any, name: str) -> str:
    """The corpus that the images come from: its ``origin`` where it has one (shards do), else ``name``."""
    while not hasattr(corpus, "origin") and hasattr(corpus, "corpus"):
        corpus = corpus.corpus  # a view of another corpus
    return str(getattr(corpus, "origin", name))


def _key(kind: str, space: str, name: str) -> bytes:
    """Key of an image or patient ``name`` in the name space ``space``, "" for one that is valid in every corpus."""
    return bytes.fromhex(content_hash(f"{kind}:{space}:{name.lower()}"))[:BYTES]


def _is_distinctive(name: str) -> bool:
    """Whether the name has enough digits to identify one image."""
    return sum(character.isdigit() for character in name) >= DIGITS


def _stem(name: str) -> str:
    """``images/00000013_005.png`` -> ``00000013_005``. Only image suffixes are removed, since a DICOM UID has dots."""
    last = PurePosixPath(name)
    return last.stem if last.suffix.lower() in SUFFIXES else last.name


def _nih(names: Iterable[str]) -> list[str]:
    """Patients of the names that follow the NIH pattern."""
    return [match[1] for name in names if (match := _NIH_IMAGE.fullmatch(name))]
