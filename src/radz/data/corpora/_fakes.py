"""What the corpora's ``fake`` needs besides films: tables, and patients that a hash puts into each split."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from radz.data.splits import SPLITS, split_by_hash


def one_patient_a_split(salt: str, val_fraction: float = 0.1, test_fraction: float = 0.2) -> dict[str, str]:
    """train, val and test -> a patient that the hash puts there; those that it never draws are left out."""
    drawn: dict[str, str] = {}
    for number in range(1_000):
        patient = f"patient-{number}"
        drawn.setdefault(split_by_hash(patient, salt, val_fraction, test_fraction), patient)
    return {split: drawn[split] for split in SPLITS if split in drawn}


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """A text file of these lines, folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
