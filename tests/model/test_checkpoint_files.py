"""Files of a checkpoint against the hashes that its provenance records."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from damage import flip_last_bit
from model_fakes import PROVENANCE
from radz.errors import CheckpointError
from radz.model.checkpoint_files import (
    read_json,
    read_provenance,
    read_weights,
    require_intact,
    with_files,
    write_provenance,
)
from radz.storage import file_sha256


@pytest.fixture
def directory(tmp_path):
    """Two weight files, one in a folder, and a file that holds no weights."""
    (tmp_path / "tower").mkdir()
    save_file({"a": torch.ones(3)}, tmp_path / "model.safetensors")
    save_file({"b": torch.zeros(2)}, tmp_path / "tower" / "model.safetensors")
    (tmp_path / "notes.txt").write_text("changed by anybody")
    return tmp_path


def test_every_weight_file_is_recorded_with_its_whole_hash(directory):
    provenance = with_files(PROVENANCE, directory)
    assert set(provenance.files) == {"model.safetensors", "tower/model.safetensors"}
    assert provenance.files["model.safetensors"] == file_sha256(directory / "model.safetensors")
    assert provenance.fingerprint == provenance.files["model.safetensors"][:16]


def test_a_written_provenance_is_read_back(directory):
    provenance = with_files(PROVENANCE, directory)
    write_provenance(provenance, directory)
    assert read_provenance(directory) == provenance
    assert read_weights(directory, provenance)["a"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["model.safetensors", "tower/model.safetensors"])
def test_a_changed_file_is_refused(directory, name):
    provenance = with_files(PROVENANCE, directory)
    require_intact(directory, provenance, name)
    flip_last_bit(directory / name)
    with pytest.raises(CheckpointError, match=f"{name} is damaged: its SHA-256 begins with [0-9a-f]{{16}}, but prov"):
        require_intact(directory, provenance, name)


def test_a_missing_file_is_named(directory):
    with pytest.raises(CheckpointError, match=r"has no heads.safetensors\. Copy the checkpoint again"):
        require_intact(directory, PROVENANCE, "heads.safetensors")


def test_files_without_a_hash_are_accepted_but_weights_are_not(directory):
    require_intact(directory, PROVENANCE, "tower/model.safetensors")
    with pytest.raises(CheckpointError, match=r"provenance.json is damaged: it has no hash of model.safetensors"):
        require_intact(directory, PROVENANCE, "model.safetensors")


def test_a_file_that_is_no_json_object_is_refused(directory):
    for content, message in (("[1]", "it is not a mapping"), ("{", "Expecting property name")):
        (directory / "config.json").write_text(content)
        with pytest.raises(CheckpointError, match=rf"config.json is damaged: .*{message}.* Copy the checkpoint again"):
            read_json(directory / "config.json")
    with pytest.raises(CheckpointError, match=r"has no absent.json. A checkpoint is a directory with config.json"):
        read_json(directory / "absent.json")
