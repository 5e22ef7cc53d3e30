"""Splits by patient."""

from __future__ import annotations

import pytest

from radz.data.splits import check_patients, split_hash
from radz.errors import LeakageError
from radz.types import Study


def study(study_id, patient, split):
    return Study(study_id, patient, split=split)


def test_patient_in_two_splits_is_named_by_rows_only():
    records = [study("s1", "secret", "train"), study("s2", "p2", "val"), study("s3", "secret", "test")]
    with pytest.raises(LeakageError, match=r"films.csv: 1 patient is in more than one split .*rows 1, 3") as caught:
        check_patients(records, "films.csv")
    assert "secret" not in str(caught.value)
    assert "s1" not in str(caught.value)
    with pytest.raises(LeakageError, match=r"rows 7, 9"):
        check_patients(records, "films.csv", rows=[7, 8, 9])
    check_patients([*records[:2], study("s3", "secret", None), study("s4", "secret", "train")], "films.csv")


def test_split_hash_depends_on_what_it_says_only():
    one, two = study("a", "p", "train"), study("b", "q", "val")
    assert split_hash([one, two]) == split_hash([two, study("a", "another", "train")])
    assert split_hash([one, two]) != split_hash([one, study("b", "q", "test")])
    assert len(split_hash([])) == 64
