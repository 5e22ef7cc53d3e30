"""Maps of a model whose concepts read the patches on their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from radz.errors import ConfigError
from radz.explain.attention import attention_maps
from radz.knowledge import KnowledgeBase
from radz.model.checkpoint import load_checkpoint, save_checkpoint
from radz.model.encoder import Encoder
from radz.provenance import Provenance
from radz.serve.predictor import Predictor
from radz.types import Anchors, ImageFeatures, Study
from tiny import tiny_model


@pytest.fixture
def encoder(llava_dir):
    model = tiny_model(llava_dir, readout={"pooling": "attention"})
    generator = torch.Generator().manual_seed(3)
    for query in model.readout.queries.values():
        query.data = torch.randn(query.shape, generator=generator)
    return Encoder(model)


def studies(count):
    rng = np.random.default_rng(0)
    return [Study(f"s{i}", "p", pixels=rng.random((1, 28, 28), dtype=np.float32)) for i in range(count)]


def anchors(width=16):
    rows = torch.nn.functional.normalize(torch.randn(2, width, generator=torch.Generator().manual_seed(0)), dim=1)
    return Anchors(("mass", "effusion"), rows, None, (), "names")


def maps_of(encoder, features):
    return attention_maps(features.positions, anchors().positive, encoder.granularity, encoder.temperature)


def test_a_map_for_each_concept_over_the_patch_grid(encoder, tmp_path):
    Image.fromarray((studies(1)[0].pixels[0] * 255).astype(np.uint8)).save(tmp_path / "image.png")
    predictor = Predictor(encoder, Provenance(corpus="none", split="train"), KnowledgeBase.load())
    maps = predictor.maps(tmp_path / "image.png", ["mass", "effusion"])
    assert set(maps) == {"mass", "effusion"}
    for each in maps.values():
        assert each.shape == (2, 2)
        assert each.min() >= 0
        assert each.sum() == pytest.approx(1, abs=1e-6)
    assert not np.allclose(maps["mass"], maps["effusion"])


def test_a_saved_model_has_the_same_maps(encoder, tmp_path):
    save_checkpoint(encoder.model, tmp_path / "c", Provenance(corpus="none", split="train"))
    loaded = Encoder(load_checkpoint(tmp_path / "c")[0])
    one, two = (maps_of(each, each.encode(studies(2))) for each in (encoder, loaded))
    assert np.array_equal(one, two)


def test_a_model_without_maps_says_so(llava_dir, encoder):
    mean = Encoder(tiny_model(llava_dir))
    with pytest.raises(ConfigError, match=r"pools patches by their mean and has no maps: train with model\.readout"):
        maps_of(mean, mean.encode(studies(1)))
    features = encoder.encode(studies(1))
    three = ImageFeatures(features.study_ids, features.embedding, features.positions[:, :3])
    with pytest.raises(ConfigError, match="3 positions form no square grid"):
        maps_of(encoder, three)
