"""A film is read once, whatever study it is shown for and whatever it is compared with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eval_fakes import make_anchors, make_study
from radz.cli._checks import reading_once
from radz.model.encoder import Encoder
from tiny import tiny_model


def test_a_film_that_comes_again_is_not_read_again(llava_dir):
    model = Encoder(tiny_model(llava_dir))
    read, encode = [], model.encode_images
    model.encode_images = lambda films: (read.append(len(films)), encode(films))[1]
    studies = [make_study(i) for i in range(3)]
    rows = encode([study.pixels for study in studies])
    anchors = replace(make_anchors(), positive=rows, negative=rows.flip(0))
    once = reading_once(model)
    found = once.score(studies, anchors)
    assert np.abs(found.values - model.score(studies, anchors).values).max() == 0
    exchanged = [replace(study, pixels=studies[i].pixels) for study, i in zip(studies, (2, 0, 1), strict=True)]
    again = once.score(exchanged, replace(anchors, positive=rows.flip(0), negative=None))
    assert read == [3]
    assert again.study_ids == found.study_ids
    assert np.abs(again.values - (rows[[2, 0, 1]] @ rows.flip(0).T).numpy()).max() < 1e-6
    assert (once.encode_images([studies[1].pixels]) == rows[1]).all()


def test_a_model_whose_concepts_read_patches_on_their_own_reads_every_time(llava_dir):
    model = Encoder(tiny_model(llava_dir, readout={"pooling": "attention"}))
    assert reading_once(model) is model
