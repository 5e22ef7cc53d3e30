"""A trained pair as it is saved and read; its training is tested in ``tests/train``."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from baseline_fakes import ANCHORS, CONTEXT, STUDIES
from damage import flip_weight
from radz.baselines import open_baseline
from radz.baselines.dual_encoder import PairConfig, load_pair
from radz.errors import CheckpointError
from radz.types import ImageBatch
from tiny_checkpoints import save_dual_encoder


@pytest.fixture
def directory(tmp_path):
    return save_dual_encoder(tmp_path / "pair")


def test_features_are_unit_and_both_granularities_are_the_same(directory):
    net = load_pair(directory)
    assert net.config == PairConfig(8, -2, "default")
    images = ImageBatch(net.processor.image_prompt(2), torch.rand(2, 3, 28, 28))
    features = net(images, net.processor.text_prompt(["There is mass.", "Normal."]))
    assert features.image_global is features.image_local
    assert features.text_global is features.text_local
    torch.testing.assert_close(features.image_global.norm(dim=1), torch.ones(2))
    encoded = ImageBatch(images.prompt, net.tower_states(images.values), encoded=True)
    torch.testing.assert_close(net(encoded).image_global, features.image_global)


def test_long_sentences_lose_their_end_and_images_are_normalised(directory):
    processor = load_pair(directory).processor
    assert processor.text_prompt(["mass " * 500]).input_ids.shape == (1, 128)
    assert processor.pixel_values([np.zeros((1, 40, 30), dtype=np.float32)]).shape == (1, 3, 28, 28)
    assert len(processor.image_prompt(3)) == 3


def test_a_saved_pair_scores_the_same(directory, tmp_path):
    first = open_baseline("dual_encoder", str(directory), CONTEXT)
    (tmp_path / "again").mkdir()
    first.net.save(tmp_path / "again", load_provenance(directory))
    again = open_baseline("dual_encoder", str(tmp_path / "again"), CONTEXT)
    assert np.array_equal(first.score(STUDIES, ANCHORS).values, again.score(STUDIES, ANCHORS).values)


def load_provenance(directory):
    from radz.provenance import Provenance

    return Provenance.model_validate_json((directory / "provenance.json").read_text())


def test_a_checkpoint_of_another_form_is_refused(directory):
    (directory / "dual_encoder.json").write_text(json.dumps({"width": 3}))
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'dual_encoder'"):
        load_pair(directory)


def test_a_missing_part_is_named(directory):
    (directory / "tower").rename(directory / "elsewhere")
    with pytest.raises(CheckpointError, match=r"has no tower/model.safetensors. Copy the checkpoint again"):
        load_pair(directory)


def test_a_checkpoint_of_radz_01_is_read_unless_its_files_are_no_weights(directory):
    provenance = json.loads((directory / "provenance.json").read_text())
    del provenance["files"]
    (directory / "provenance.json").write_text(json.dumps(provenance))
    assert load_pair(directory).config.dim == 8
    (directory / "heads.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'dual_encoder'"):
        load_pair(directory)


@pytest.mark.parametrize("file", ["heads.safetensors", "tower/model.safetensors", "text/model.safetensors"])
def test_one_flipped_bit_is_refused(directory, file):
    flip_weight(directory / file, "weight")
    with pytest.raises(
        CheckpointError, match=f"{file} is damaged: its SHA-256 begins with .* Copy the checkpoint again"
    ):
        load_pair(directory)
