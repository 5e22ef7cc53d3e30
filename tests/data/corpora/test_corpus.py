"""The base class of corpora."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import write_radiograph
from radz.errors import CorpusError, ImageError, LeakageError, UnknownNameError
from radz.types import Study


class Tiny(Corpus):
    name: ClassVar[str] = "tiny"
    about: ClassVar[About] = About("a", "b", "c")

    def __init__(self, root, split=None, *, studies=(), rows=None, inverted=()):
        super().__init__(studies, ("mass",), split, rows=rows, inverted=inverted)

    @classmethod
    def fake(cls, tmp_path):
        return tmp_path


class Cropped(Tiny):
    def read_pixels(self, study):
        return super().read_pixels(study)[:, :8, :8]


def study(study_id, patient, split, image=None):
    return Study(study_id, patient, image, split=split)


def test_keeps_the_studies_of_a_split_and_names_all_splits():
    studies = (study("c", "3", "test"), study("a", "1", "train"), study("b", "2", None))
    corpus = Tiny("", "test", studies=studies)
    assert [s.study_id for s in corpus.records] == ["c"]
    assert corpus.splits == ("train", "test")
    assert len(Tiny("", studies=studies)) == 3
    with pytest.raises(UnknownNameError, match=r"Unknown split of tiny 'val'. Known: test, train"):
        Tiny("", "val", studies=studies)


def test_a_duplicate_study_id_is_named_by_rows():
    studies = (study("a", "1", "train"), study("b", "1", "train"), study("a", "2", "train"))
    with pytest.raises(CorpusError, match=r"tiny: 2 studies share their study id with another \(rows 7, 9\)") as error:
        Tiny("", studies=studies, rows=[7, 8, 9])
    assert "'a'" not in str(error.value)


def test_a_patient_in_two_splits_is_refused_also_where_one_split_is_opened():
    studies = (study("a", "1", "train"), study("b", "1", "test"))
    with pytest.raises(LeakageError, match=r"tiny: 1 patient is in more than one split \(the first: rows 1, 2\)"):
        Tiny("", "train", studies=studies)


def test_reads_an_image_as_it_is_published_or_inverted(tmp_path):
    write_radiograph(tmp_path / "a.png", 0)
    studies = (study("a", "1", "train", tmp_path / "a.png"), study("b", "2", "train"))
    published, inverted = Tiny("", studies=studies), Tiny("", studies=studies, inverted=["a"])
    np.testing.assert_allclose(published[0].pixels, 1 - inverted[0].pixels, atol=1e-6)
    assert published[1].pixels is None
    (tmp_path / "a.png").write_bytes(b"damaged")
    with pytest.raises(ImageError):
        published[0]


def test_a_corpus_that_reads_in_another_way_says_so(tmp_path):
    write_radiograph(tmp_path / "a.png", 0)
    studies = (study("a", "1", "train", tmp_path / "a.png"),)
    assert Tiny("", studies=studies).reads_files_unchanged
    assert not Cropped("", studies=studies).reads_files_unchanged
    assert Cropped("", studies=studies)[0].pixels.shape == (1, 8, 8)


def test_options_are_checked_before_the_corpus_is_opened():
    with pytest.raises(UnknownNameError, match=r"Unknown option of tiny 'row'. Did you mean 'rows'\?"):
        Tiny("", row=[1])
