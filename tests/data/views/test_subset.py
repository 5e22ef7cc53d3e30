"""Data size: subsets by patient that lie in each other."""

from __future__ import annotations

from radz.data.views.subset import Limited, Subset
from radz.types import Study


class Images(list):
    """Thirty images of ten patients; patient i has one to five."""

    findings, policies = ("mass",), {"missing": "error"}

    def __init__(self) -> None:
        counts = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
        super().__init__(Study(f"{p}-{i}", f"p{p}") for p, count in enumerate(counts) for i in range(count))
        self.records = tuple(self)


def ids(limited: Limited) -> set[str]:
    return {study.study_id for study in limited.records}


def test_a_smaller_limit_gives_a_subset_of_whole_patients():
    images, before = Images(), set[str]()
    for limit in range(1, 31):
        now = ids(Limited(images, limit))
        assert before <= now
        assert len(now) <= limit
        patients = {study.split("-")[0] for study in now}
        assert now == {f.study_id for f in images if f.patient_id.removeprefix("p") in patients}
        before = now
    assert before == {image.study_id for image in images}


def test_seeds_draw_other_patients_and_rows_keep_their_images():
    images = Images()
    one, other = Limited(images, 10), Limited(images, 10, seed=1)
    assert ids(one) != ids(other)
    assert [one[i] for i in range(len(one))] == one[:] == [*one.records]
    assert (one.findings, one.policies) == (("mass",), {"missing": "error"})


def test_a_subset_has_its_rows_in_their_order_and_the_corpuss_findings_and_policies():
    images = Images()
    subset = Subset(images, [3, 0])
    assert subset[:] == [*subset.records] == [images[3], images[0]]
    assert (subset.findings, subset.policies) == (images.findings, images.policies)
