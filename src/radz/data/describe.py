"""A corpus in counts: by split, label, view, sex and age band. No identifier, no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from radz.types import Presence, Study, parse_age

UNKNOWN = "not given"
_SEXES = {"m": "male", "male": "male", "f": "female", "female": "female", "o": "other", "other": "other"}


@dataclass(frozen=True, slots=True)
class Description:
    """Counts of studies. splits: split -> studies, patients, images, reports. labels: concept -> presence -> studies.

    groups: view, sex, age and source -> value -> split -> studies.
    """

    corpus: str
    splits: dict[str, dict[str, int]]
    labels: dict[str, dict[str, int]]
    groups: dict[str, dict[str, dict[str, int]]]


def describe(corpus: Any, name: str) -> Description:
    """Count the records of a corpus opened with all its splits; no image is read."""
    records: Sequence[Study] = corpus.records
    keys: dict[str, Callable[[Study], str]] = {
        "view": _metadata("view"),
        "sex": sex,
        "age": age_band,
        "source": _metadata("source"),
    }
    return Description(
        corpus=name,
        splits={split: _counts([s for s in records if _split(s) == split]) for split in _in_order(records)},
        labels={concept: _presences(records, concept) for concept in corpus.findings},
        groups={key: _by_split(records, value) for key, value in keys.items()},
    )


def age_band(study: Study) -> str:
    """``0-9``, ``10-19`` ... ``90+``; "not given" where the metadata has no plausible age."""
    years = parse_age(study.metadata.get("age", ""))
    if years is None:
        return UNKNOWN
    decade = int(years // 10) * 10
    return "90+" if decade >= 90 else f"{decade}-{decade + 9}"


def sex(study: Study) -> str:
    """``female``, ``male`` or ``other``, however the corpus writes it."""
    value = study.metadata.get("sex", "").strip()
    return _SEXES.get(value.lower(), value) or UNKNOWN


def _metadata(key: str) -> Callable[[Study], str]:
    return lambda study: study.metadata.get(key, "") or UNKNOWN


def _split(study: Study) -> str:
    return study.split or "no split"


def _in_order(records: Sequence[Study]) -> list[str]:
    present = {_split(study) for study in records}
    return [split for split in ("train", "val", "test", "no split") if split in present]


def _counts(studies: Sequence[Study]) -> dict[str, int]:
    return {
        "studies": len(studies),
        "patients": len({study.patient_id for study in studies}),
        "reports": sum(bool(study.report) for study in studies),
    }


def _presences(records: Sequence[Study], concept: str) -> dict[str, int]:
    studies = Counter(study.presence(concept) for study in records)
    return {presence.value: studies[presence] for presence in Presence}


def _by_split(records: Sequence[Study], value: Callable[[Study], str]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for study in records:
        counts.setdefault(value(study), Counter())[_split(study)] += 1
    ordered = sorted(counts, key=lambda name: (name == UNKNOWN, name))
    return {name: {split: counts[name][split] for split in _in_order(records)} for name in ordered}
