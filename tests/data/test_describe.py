"""A corpus in counts."""

from __future__ import annotations

import pytest

from radz.data.describe import age_band, describe, sex
from radz.types import Presence, Study

PRESENT, ABSENT, UNCERTAIN = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN


class Corpus:
    findings = ("mass", "nodule")
    records = (
        Study(
            "a", "secret-1", labels={"mass": PRESENT}, metadata={"view": "PA", "sex": "F", "age": "57"}, split="test"
        ),
        Study("b", "secret-1", report="Secret.", labels={"mass": ABSENT, "nodule": UNCERTAIN}, split="test"),
        Study("c", "secret-2", metadata={"view": "AP", "age": "414"}, split="train"),
        Study("d", "secret-3", metadata={"view": "PA", "sex": "female", "source": "x"}),
    )


def test_counts_by_split_label_and_group():
    described = describe(Corpus(), "tiny")
    assert described.splits == {
        "train": {"studies": 1, "patients": 1, "reports": 0},
        "test": {"studies": 2, "patients": 1, "reports": 1},
        "no split": {"studies": 1, "patients": 1, "reports": 0},
    }
    assert described.labels == {
        "mass": {"present": 1, "absent": 1, "uncertain": 0, "unlabelled": 2},
        "nodule": {"present": 0, "absent": 0, "uncertain": 1, "unlabelled": 3},
    }
    assert described.groups["view"]["PA"] == {"train": 0, "test": 1, "no split": 1}
    assert described.groups["sex"]["female"] == {"train": 0, "test": 1, "no split": 1}
    assert list(described.groups["age"]) == ["50-59", "not given"]
    assert described.groups["source"]["not given"] == {"train": 1, "test": 2, "no split": 0}


def test_names_nobody():
    assert "ecret" not in str(describe(Corpus(), "tiny"))


@pytest.mark.parametrize(
    ("age", "band"),
    [("0", "0-9"), ("9.9", "0-9"), ("10", "10-19"), ("89", "80-89"), ("90", "90+"), ("110", "90+")]
    + [(age, "not given") for age in ("", "Y", "-1", "nan", "inf", "111", "155", "414")],
)
def test_an_age_has_a_band_where_it_is_plausible(age, band):
    assert age_band(Study("a", "p", metadata={"age": age})) == band


def test_a_sex_is_called_the_same_however_the_corpus_writes_it():
    spellings = {"F": "female", "female": "female", " m ": "male", "O": "other", "": "not given", "unknown": "unknown"}
    assert {text: sex(Study("a", "p", metadata={"sex": text})) for text in spellings} == spellings
