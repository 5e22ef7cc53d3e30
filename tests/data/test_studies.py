"""A sequence of studies that reads an image when it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from radz.data.studies import Studies, readable
from radz.errors import ImageError
from radz.types import Study


class Five(Studies):
    findings = ()
    records = tuple(Study(str(i), str(i)) for i in range(5))

    def __init__(self):
        self.read_indices = []

    def read(self, index):
        self.read_indices.append(index)
        if index == 1:
            raise ImageError("1: damaged")
        study = self.records[index]
        return study if index == 2 else study.with_pixels(np.full((1, 2, 2), index / 5, np.float32))


def test_an_index_or_slice_reads_those_images_alone():
    studies = Five()
    assert len(studies) == 5
    assert studies[3].pixels.max() == np.float32(0.6)
    assert [study.study_id for study in studies[2:4]] == ["2", "3"]
    assert [study.study_id for study in studies[::-2][:1]] == ["4"]
    assert studies.read_indices == [3, 2, 3, 4, 2, 0]
    with pytest.raises(ImageError, match="1: damaged"):
        studies[1]


def test_readable_leaves_out_damaged_images_and_studies_without_one():
    assert [study.study_id for study in readable(Five())] == ["0", "3", "4"]
