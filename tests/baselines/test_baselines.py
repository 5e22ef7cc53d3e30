"""The contract of every baseline; a new file in radz/baselines is found and tested with no further word."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn

import tiny_checkpoints
from eval_fakes import FINDINGS, make_anchors, make_corpus
from radz import registry
from radz.baselines import BaselineContext, open_baseline
from radz.errors import ImageError
from radz.types import Anchors, ImageFeatures, Scores, TwoStepModel, ZeroShotModel

STUDIES = 6
CONCEPTS = (*FINDINGS, "disease never labelled")


OPTIONS = {name: {"dtype": "float32"} for name in ("llava", "frozen_mllm")}
"""The contract holds within rounding, and bfloat16 rounds by more than it allows."""
VARIANTS = [*((name, OPTIONS.get(name, {})) for name in registry.names("baselines")), ("blip2", {"head": "contrast"})]
ONE_STEP = {"chance", "metadata_only", "llava", "blip2"}
"""Baselines without an image side of their own; ``blip2`` has one with the head ``contrast``."""
WITHOUT_TORCH = {"chance", "metadata_only"}


@pytest.fixture(params=VARIANTS, ids=lambda variant: "-".join([variant[0], *variant[1].values()]), scope="module")
def baseline(request, tmp_path_factory) -> ZeroShotModel:
    name, options = request.param
    plugin = registry.load("baselines", name)
    absent = [package for package in getattr(plugin, "packages", ()) if find_spec(package) is None]
    if absent:
        pytest.skip(f"baseline {name} needs {', '.join(absent)}")
    train = make_corpus(40, "train")
    if hasattr(plugin, "example"):
        return plugin.example(train.studies)
    checkpoint = getattr(tiny_checkpoints, f"save_{name}")(tmp_path_factory.mktemp(name) / "tiny")
    return open_baseline(name, str(checkpoint), BaselineContext(lambda: train), options)


@pytest.fixture
def studies():
    return make_corpus(STUDIES).studies


TOLERANCE = 1e-5  # for float32 sums in another order; chance and metadata_only match exactly


def scored(baseline, studies, concepts=CONCEPTS) -> Scores:
    return baseline.score(studies, make_anchors(concepts))


def test_it_is_named_as_its_file(baseline):
    assert isinstance(baseline, ZeroShotModel)
    assert baseline.name in registry.names("baselines")
    assert getattr(baseline, "of_run", None) in (None, "own", "start", "pair")


def test_values_have_shape_type_and_order(baseline, studies):
    scores = scored(baseline, studies)
    assert scores.values.shape == (STUDIES, 4)
    assert scores.values.dtype == np.float32
    assert scores.study_ids == tuple(study.study_id for study in studies)
    assert scores.concepts == CONCEPTS
    noted = [[s in scores.notes or c in scores.notes for c in scores.concepts] for s in scores.study_ids]
    assert (np.isfinite(scores.values) | np.array(noted)).all()


def test_the_same_twice(baseline, studies):
    np.testing.assert_array_equal(scored(baseline, studies).values, scored(baseline, studies).values)


def test_order_of_studies_does_not_matter(baseline, studies):
    order = np.random.default_rng(0).permutation(STUDIES)
    shuffled = scored(baseline, [studies[i] for i in order])
    np.testing.assert_allclose(shuffled.values, scored(baseline, studies).values[order], atol=TOLERANCE)


def test_order_and_number_of_concepts_do_not_matter(baseline, studies):
    whole = make_anchors(CONCEPTS)
    order = [2, 0]
    some = Anchors(
        tuple(CONCEPTS[i] for i in order), whole.positive[order], None, tuple(whole.texts[i] for i in order), "names"
    )
    expected = baseline.score(studies, whole).values[:, order]
    np.testing.assert_allclose(baseline.score(studies, some).values, expected, atol=TOLERANCE)


@pytest.mark.parametrize("size", [1, 4])
def test_batch_size_does_not_matter(baseline, studies, size):
    parts = [scored(baseline, studies[i : i + size]).values for i in range(0, STUDIES, size)]
    np.testing.assert_allclose(np.concatenate(parts), scored(baseline, studies).values, atol=TOLERANCE)


def test_no_studies_is_no_rows(baseline):
    assert scored(baseline, []).values.shape == (0, 4)


def test_labels_and_reports_are_not_looked_at(baseline, studies):
    blind = [replace(study, labels={}, report=None) for study in studies]
    np.testing.assert_array_equal(scored(baseline, blind).values, scored(baseline, studies).values)


def test_score_is_the_similarity_of_what_was_encoded(baseline, studies):
    if not isinstance(baseline, TwoStepModel):
        assert baseline.name in ONE_STEP
        return
    features, anchors = baseline.encode(studies), make_anchors(CONCEPTS)
    assert len(features) == len(features.embedding) == STUDIES
    assert features.embedding.device.type == "cpu"
    scores = baseline.similarity(features, anchors)
    assert (scores.study_ids, scores.concepts) == (features.study_ids, CONCEPTS)
    whole = baseline.score(studies, anchors)
    np.testing.assert_allclose(scores.values, whole.values, atol=TOLERANCE)
    assert scores.notes == whole.notes


def test_an_encoded_image_does_not_depend_on_its_neighbours(baseline, studies):
    if not isinstance(baseline, TwoStepModel):
        pytest.skip("encodes no image apart from the question")
    together = baseline.encode(studies)
    alone = ImageFeatures.concatenate([baseline.encode([study]) for study in studies])
    assert alone.study_ids == together.study_ids
    torch.testing.assert_close(alone.embedding, together.embedding, atol=TOLERANCE, rtol=0)
    rows, anchors = [3, 0, 3], make_anchors(CONCEPTS)
    expected = baseline.similarity(together, anchors).values[rows]
    np.testing.assert_allclose(baseline.similarity(together.take(rows), anchors).values, expected, atol=TOLERANCE)


def test_a_study_without_pixels_is_refused(baseline, studies):
    if baseline.name in WITHOUT_TORCH:
        pytest.skip("never looks at an image")
    with pytest.raises(ImageError, match="Study test-001 has no pixels"):
        scored(baseline, [studies[0], replace(studies[1], pixels=None)])


def test_modules_are_listed_for_cost(baseline):
    listed = baseline.modules() if hasattr(baseline, "modules") else []
    assert all(isinstance(module, nn.Module) for module in listed)
    without = baseline.name in WITHOUT_TORCH or baseline.name == "supervised"  # its example has no network
    assert bool(listed) != without
