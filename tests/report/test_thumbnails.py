"""Small images without anything that names a patient."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from eval_fakes import make_corpus
from radz.metrics.hardest_cases import HardestCase
from radz.report.thumbnails import SIDE, as_jpeg, with_images


def test_images_are_small_and_nameless_and_an_unreadable_one_is_left_out():
    corpus = make_corpus(4, unreadable=["test-001"])
    cases = [HardestCase(s, "effusion", True, 0.0, 0.5) for s in ("test-000", "test-001", "gone", "test-000")]
    images = [case.image for case in with_images(cases, corpus)]
    assert images[0] == images[3]
    assert images[1:3] == [None, None]
    assert sorted(corpus.reads) == ["test-000", "test-001"], "each image is read once"
    image = Image.open(io.BytesIO(base64.b64decode(as_jpeg(np.ones((1, 900, 300), dtype=np.float32)))))
    assert image.size == (SIDE // 3, SIDE)
    assert image.mode == "L"
    assert not image.getexif()
    assert not image.info.get("comment")
