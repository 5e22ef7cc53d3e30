"""What a checkpoint says of its own training."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from radz.provenance import Provenance, add_labels, data_sha256, describe_data, software_versions
from radz.types import Presence, Study

STUDIES = [
    Study("s1", "p1", labels={"mass": Presence.PRESENT, "effusion": Presence.ABSENT}, split="train"),
    Study("s2", "p1", labels={"mass": Presence.UNCERTAIN}, split="train"),
    Study("s3", "p2", labels={"mass": Presence.PRESENT}, split="train"),
]


def test_counts_are_of_studies_patients_and_positives():
    described = describe_data(STUDIES)
    assert (described["studies"], described["patients"], described["supervised"]) == (3, 2, {"mass": 2})


def test_the_hash_depends_on_studies_and_labels_and_not_on_their_order():
    digest = data_sha256(STUDIES)
    assert data_sha256(STUDIES[::-1]) == digest
    assert data_sha256(STUDIES[:2]) != digest
    assert data_sha256([*STUDIES[:2], Study("s3", "p2", split="train")]) != digest


def test_labels_read_off_reports_count_where_they_are_columns():
    texts = [Study("t", "q", labels={"mass": Presence.PRESENT, "hernia": Presence.PRESENT})]
    assert add_labels({"mass": 2}, texts, ["mass", "effusion"]) == {"mass": 3}


def test_a_file_of_radz_0_1_is_read_under_its_old_name():
    old = {"corpus": "c", "split": "train", "met": "abc"}
    provenance = Provenance.model_validate_json(json.dumps(old))
    assert provenance.trained_ids == "abc"
    assert "met" not in provenance.model_dump()
    assert Provenance.model_validate_json(provenance.model_dump_json()) == provenance


def test_an_unknown_field_is_refused():
    with pytest.raises(ValidationError, match="extra"):
        Provenance.model_validate({"corpus": "c", "split": "train", "patients_names": ["x"]})


def test_software_is_named_with_its_version():
    versions = software_versions()
    assert {"python", "torch", "numpy"} <= set(versions)
    assert all(version for version in versions.values())
