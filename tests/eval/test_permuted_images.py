"""Images taken away or permuted between patients."""

from __future__ import annotations

import pytest

from eval_fakes import make_corpus
from radz.errors import ScoresError
from radz.eval.permuted_images import PermutedImages, image_donors, permute_images
from radz.eval.scoring import stratum


def test_an_image_goes_to_another_patient_of_the_stratum_and_each_is_taken_once():
    corpus = make_corpus(120)
    patients = [s.patient_id for s in corpus.studies]
    strata = [stratum(s, ("source",)) for s in corpus.studies]
    for where in (strata, [""] * 120):
        donors = permute_images(patients, where, seed=3)
        assert sorted(donors) == [*range(120)]
        assert all(patients[i] != patients[j] and where[i] == where[j] for i, j in enumerate(donors))
    assert (permute_images(patients, strata, 3) == donors).sum() < 60
    assert (permute_images(patients, strata, 3) == permute_images(patients, strata, 3)).all()
    changed = PermutedImages(corpus, [0, 1], [5, 0])
    assert changed[0].study_id == corpus.studies[0].study_id
    assert (changed[0].pixels == corpus.studies[5].pixels).all()


def test_where_images_cannot_be_permuted():
    mixed = permute_images(["a", "b", "c", "d"], ["x", "y", "y", "y"], seed=0)
    assert mixed[0] != 0, "the only film of its stratum is permuted over strata"
    with pytest.raises(ScoresError, match="3 studies of 2 patients cannot be permuted"):
        permute_images(["a", "a", "b"], [""] * 3, seed=0)


def test_blank_images_keep_labels_and_metadata():
    corpus = make_corpus(8)
    assert image_donors(corpus.records, ("source",))["blank"] is None
    blank = PermutedImages(corpus, [3], None)[0]
    assert (blank.study_id, blank.labels) == (corpus.studies[3].study_id, corpus.studies[3].labels)
    assert not blank.pixels.any()
