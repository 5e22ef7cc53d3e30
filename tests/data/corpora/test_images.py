"""Which images of a study are taken, and what happens to missing ones."""

from __future__ import annotations

import shutil

import pytest

from radz.data.corpora._images import choose_images
from radz.data.corpora.chexpert import CheXpert
from radz.errors import CorpusError, ImageError


def test_views_of_a_study():
    studies, sides = ["a", "a", "b", "c", "c", "c"], ["lateral", "frontal", "lateral", "", "frontal", "frontal"]
    taken = {views: choose_images(studies, sides, views) for views in ("one", "frontal", "lateral", "all")}
    assert taken == {"one": [1, 4], "frontal": [1, 4, 5], "lateral": [0, 2], "all": [0, 1, 2, 3, 4, 5]}


@pytest.fixture
def small(tmp_path):
    return CheXpert.fake(tmp_path)


def test_images_that_are_not_there(small):
    (small / "train" / "patient00001" / "study1" / "view1_frontal.jpg").unlink()
    with pytest.raises(CorpusError, match=r"1 of 3 images are missing .*Obtain from https://aimi.stanford.edu.*skip"):
        CheXpert(small)
    assert CheXpert(small, missing="skip").splits == ("val", "test")
    with pytest.raises(ImageError, match=r"there is no such file"):
        CheXpert(small, "train", missing="later")[0]
    shutil.rmtree(small / "valid")
    shutil.rmtree(small / "test")
    with pytest.raises(CorpusError, match=r"3 of 3 images are missing"):
        CheXpert(small, missing="skip")


def test_a_table_in_two_folders(small, tmp_path):
    shutil.copytree(small, tmp_path / "CheXpert-v1.0")
    with pytest.raises(CorpusError, match=r"train.csv is in .*CheXpert-v1.0, .*CheXpert-v1.0-small. Name one of them"):
        CheXpert(tmp_path)
