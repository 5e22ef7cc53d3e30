"""A saved checkpoint gives the same model back; a damaged one or another backbone's is refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from damage import flip_weight
from model_fakes import (
    PROVENANCE,
    TEXTS,
    assert_close,
    image_features,
    random_images,
    shake,
    text_features,
)
from radz.errors import CheckpointError
from radz.model.build import part_of
from radz.model.checkpoint import (
    TowerHead,
    load_checkpoint,
    load_parts,
    load_tower_head,
    save_checkpoint,
    trained_parameters,
)
from radz.model.checkpoint_files import WEIGHTS
from radz.model.radz import RadZ
from tiny import save_tiny_llava, tiny_model


@pytest.fixture
def model(llava_dir) -> RadZ:
    return tiny_model(llava_dir)


@torch.no_grad()
def test_save_load_and_merge_give_the_same_features(model, tmp_path):
    shake(model)
    images, expected = random_images(2), text_features(model, TEXTS)
    image_rows = image_features(model, images)
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    loaded, provenance = load_checkpoint(tmp_path / "c")
    assert len(provenance.fingerprint) == 16
    assert_close(text_features(loaded, TEXTS), expected, 0)
    assert_close(image_features(loaded, images), image_rows, 0)
    loaded.decoder = loaded.decoder.merge_and_unload()
    assert_close(text_features(loaded, TEXTS), expected, 1e-5)  # measured: 2.1e-6
    assert_close(image_features(loaded, images), image_rows, 1e-5)


@torch.no_grad()
def test_parts_written_in_half_come_back_rounded_and_the_others_exactly(model, tmp_path):
    shake(model)
    save_checkpoint(model, tmp_path / "c", PROVENANCE, halved=("lora",))
    loaded = {n: p for n, p in load_checkpoint(tmp_path / "c")[0].named_parameters() if part_of(n)}
    for name, parameter in model.named_parameters():
        if part := part_of(name):
            assert loaded[name].dtype == torch.float32
            torch.testing.assert_close(loaded[name], parameter.half().float() if part == "lora" else parameter)


def test_a_checkpoint_of_another_backbone_is_refused(model, tmp_path, tmp_path_factory):
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    other = save_tiny_llava(tmp_path_factory.mktemp("other"), seed=5)
    with pytest.raises(CheckpointError, match=r"was trained on hf weights .* Features would be meaningless"):
        load_checkpoint(tmp_path / "c", str(other))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "config.json").unlink(), "has no config.json"),
        (lambda d: (d / "config.json").write_text("{"), "is damaged"),
        (lambda d: (d / "model.safetensors").unlink(), "has no model.safetensors"),
        (lambda d: (d / "config.json").write_text("5"), "config.json is damaged: it is not a mapping"),
        (lambda d: (d / "config.json").write_text('{"model": 5}'), "config.json is damaged: 'model' is not a mapping"),
        (lambda d: (d / "config.json").write_bytes(b"\xff"), "config.json is damaged"),
        (lambda d: (d / "model.safetensors").write_bytes(b"\0" * 40), "is damaged"),
        (lambda d: (d / "provenance.json").write_text("[]"), "is damaged"),
        (lambda d: (d / "provenance.json").write_text("{}"), "provenance.json is damaged: Field required"),
    ],
)
def test_a_damaged_checkpoint_is_refused(model, tmp_path, damage, message):
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    damage(tmp_path / "c")
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tmp_path / "c")


def test_nothing_is_left_of_a_save_that_failed(model, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(model, tmp_path / "c", PROVENANCE)
    assert list(tmp_path.iterdir()) == []


def test_what_training_changed_is_counted_in_the_checkpoints_file(tmp_path):
    save_file({"a": torch.zeros(3, 4), "b": torch.zeros(5)}, tmp_path / WEIGHTS)
    assert trained_parameters(tmp_path) == 17
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match=r"model.safetensors cannot be read: .* Copy the checkpoint again"):
        trained_parameters(tmp_path)


HEAD = TowerHead(("effusion", "mass"), torch.ones(2, 16), torch.zeros(2))


@pytest.mark.parametrize("part", ["tower", "readout", "lora_A"])
def test_one_flipped_bit_in_the_weights_is_refused(model, tmp_path, part):
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    load_checkpoint(tmp_path / "c")
    flip_weight(tmp_path / "c" / "model.safetensors", part)
    damaged = r"model.safetensors is damaged: its SHA-256 begins with .*, but provenance.json says .* Copy the"
    with pytest.raises(CheckpointError, match=damaged):
        load_checkpoint(tmp_path / "c")
    with pytest.raises(CheckpointError, match=damaged):
        load_parts(model, tmp_path / "c", ("heads",))


def without_files(directory):
    """The provenance as radz 0.1 wrote it."""
    path = directory / "provenance.json"
    content = json.loads(path.read_text())
    del content["files"]
    path.write_text(json.dumps(content))


def test_a_checkpoint_of_radz_01_is_read_and_its_weights_are_compared_with_16_digits(model, tmp_path):
    save_checkpoint(model, tmp_path / "c", PROVENANCE, HEAD)
    without_files(tmp_path / "c")
    assert load_checkpoint(tmp_path / "c")[1].files == {}
    assert load_tower_head(tmp_path / "c").concepts == HEAD.concepts
    flip_weight(tmp_path / "c" / "model.safetensors", "readout")
    with pytest.raises(CheckpointError, match=r"model.safetensors is damaged"):
        load_checkpoint(tmp_path / "c")


def test_weights_without_a_recorded_hash_are_refused(model, tmp_path):
    save_checkpoint(model, tmp_path / "c", PROVENANCE)
    (tmp_path / "c" / "provenance.json").write_text(PROVENANCE.model_dump_json())
    with pytest.raises(CheckpointError, match=r"provenance.json is damaged: it has no hash of model.safetensors"):
        load_checkpoint(tmp_path / "c")


def test_a_tower_head_comes_back_or_is_refused(model, tmp_path):
    path = tmp_path / "c" / "tower_head.safetensors"
    save_checkpoint(model, tmp_path / "c", PROVENANCE, HEAD)
    assert torch.equal(load_tower_head(tmp_path / "c").weight, HEAD.weight)
    flip_weight(path, "weight")
    with pytest.raises(CheckpointError, match=r"tower_head.safetensors is damaged: its SHA-256"):
        load_tower_head(tmp_path / "c")
    without_files(tmp_path / "c")
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"tower_head.safetensors is damaged: .* Copy the checkpoint again"):
        load_tower_head(tmp_path / "c")
    save_file({"weight": HEAD.weight}, path)
    with pytest.raises(CheckpointError, match=r"tower_head.safetensors is damaged"):
        load_tower_head(tmp_path / "c")
    path.unlink()
    assert load_tower_head(tmp_path / "c") is None
