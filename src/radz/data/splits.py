"""Splits: by patient, never by image; a hash identifies each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from radz.errors import ConfigError, LeakageError
from radz.storage import content_hash
from radz.types import Study

SPLITS = ("train", "val", "test")
_SHOWN = 5


def check_patients(records: Iterable[Study], where: str, rows: Sequence[int] | None = None) -> None:
    """Raise LeakageError if a patient is in two splits; a study without a split does not count.

    where: the table or corpus, for the message. rows: the row of each record there, by default counted from 1. The
    message gives rows, never the ids of patients or studies.
    """
    splits: dict[str, set[str]] = defaultdict(set)
    at: dict[str, list[int]] = defaultdict(list)
    for i, study in enumerate(records):
        if study.split is not None:
            splits[study.patient_id].add(study.split)
            at[study.patient_id].append(rows[i] if rows is not None else i + 1)
    crossing = [at[patient] for patient, names in splits.items() if len(names) > 1]
    if crossing:
        raise LeakageError(_message(crossing, where))


def split_hash(records: Iterable[Study]) -> str:
    """SHA-256, in hex, of the sorted pairs of study id and split; the order of the records does not matter."""
    pairs = sorted((study.study_id, study.split or "") for study in records)
    return content_hash(pairs)


def hash_fraction(patient_id: str, salt: str) -> float:
    """A number in [0, 1) that depends on the patient and ``salt`` alone, for splits that need no file."""
    return int(content_hash(f"{salt}:{patient_id}")[:16], 16) / 2.0**64


def split_by_hash(patient_id: str, salt: str, val_fraction: float, test_fraction: float) -> str:
    """``test``, ``val`` or ``train``, in about these shares of the patients, the same on every machine.

    Raises ConfigError for shares below 0 or above 1 in sum.
    """
    if not (val_fraction >= 0 and test_fraction >= 0 and val_fraction + test_fraction <= 1):
        raise ConfigError(
            f"val_fraction is {val_fraction} and test_fraction {test_fraction}, allowed are shares from 0 that add up "
            "to at most 1."
        )
    drawn = hash_fraction(patient_id, salt)
    return "test" if drawn < test_fraction else "val" if drawn < test_fraction + val_fraction else "train"


def rows_text(rows: Sequence[int]) -> str:
    """The first rows of a list, for a message: ``rows 2, 5, 9 and 4 more``."""
    shown, more = ", ".join(map(str, rows[:_SHOWN])), len(rows) - _SHOWN
    return f"row{'s' if len(rows) > 1 else ''} {shown}" + (f" and {more} more" if more > 0 else "")


def _message(crossing: Sequence[Sequence[int]], where: str) -> str:
    patients = "1 patient is" if len(crossing) == 1 else f"{len(crossing)} patients are"
    first = "; ".join(rows_text(rows) for rows in crossing[:3])
    return (
        f"{where}: {patients} in more than one split (the first: {first}). Patients, never images, are split: "
        "put all studies of a patient into one split."
    )
