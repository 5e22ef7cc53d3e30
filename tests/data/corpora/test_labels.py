"""Cells of labels under the policies for findings that are not listed."""

from __future__ import annotations

import pytest

from radz.data.corpora._labels import complete, from_listed
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


@pytest.mark.parametrize(
    ("broader", "fracture"), [("present", PRESENT), ("unlabelled", UNLABELLED), ("absent", ABSENT)]
)
def test_what_a_listed_finding_is_a_kind_of(broader, fracture):
    findings = ("fracture", "clavicle_fracture", "nodule", NORMAL)
    labels = complete({"clavicle_fracture": PRESENT}, findings, "absent", broader)
    assert labels.get("fracture", UNLABELLED) is fracture
    assert labels["nodule"] is ABSENT


def test_a_device_is_no_finding():
    labels = complete({"pacemaker": PRESENT}, ("pacemaker", "nodule", NORMAL), "absent")
    assert labels == {"pacemaker": PRESENT, "nodule": ABSENT}
    assert from_listed("padchest", {"normal", "pacemaker"}, "absent")[NORMAL] is PRESENT
    assert from_listed("padchest", {"normal", "nodule"}, "absent")[NORMAL] is ABSENT


def test_a_label_that_holds_more_than_its_concept_leaves_it_open():
    assert from_listed("padchest", {"increased density"}, "absent").get("lung_opacity") is None
    assert from_listed("padchest", {"normal"}, "absent")["lung_opacity"] is ABSENT
