"""Backbones as baselines: the untrained one, and a checkpoint of stage ``general``."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from model_fakes import PROVENANCE, shake
from radz import registry
from radz.baselines import _mllm
from radz.baselines._mllm import is_run, open_backbone, open_reader
from radz.errors import ConfigError
from radz.model.checkpoint import save_checkpoint
from tiny import tiny_model


@pytest.fixture(scope="module")
def general(llava_dir, tmp_path_factory):
    """A checkpoint of stage ``general`` whose projector has been trained."""
    model = tiny_model(llava_dir)
    shake(model)
    directory = tmp_path_factory.mktemp("general") / "checkpoint"
    save_checkpoint(model, directory, PROVENANCE.model_copy(update={"stage": "general"}))
    return directory


def test_a_run_is_told_from_a_directory_of_transformers(general, llava_dir):
    assert is_run(str(general))
    assert not is_run(str(llava_dir))
    assert not is_run(None)


def test_a_general_checkpoint_lends_its_tower_and_projector(general, llava_dir):
    trained, plain = open_backbone(str(general), dtype="float32"), open_backbone(str(llava_dir), dtype="float32")
    projectors = [backbone.llava.multi_modal_projector.linear_1.weight for backbone in (trained, plain)]
    assert not torch.equal(*projectors)
    words = [backbone.decoder.get_input_embeddings().weight for backbone in (trained, plain)]
    assert torch.equal(*words), "the decoder is the base model's"
    assert not any(parameter.requires_grad for parameter in trained.llava.parameters())


def test_the_number_format_is_that_of_decoder_and_head(llava_dir):
    backbone = open_backbone(str(llava_dir), dtype="bfloat16")
    assert next(backbone.decoder.parameters()).dtype == next(backbone.head.parameters()).dtype == torch.bfloat16
    assert next(backbone.llava.vision_tower.parameters()).dtype == torch.float32


def test_states_are_read_at_the_layer_that_was_asked_for(general, llava_dir):
    assert open_reader(str(llava_dir), layer=2).config.readout.layer == 2
    assert open_reader(str(general)).config.readout.layer == tiny_model(llava_dir).config.readout.layer
    with pytest.raises(ConfigError, match="A checkpoint is read at its own layer: leave 'layer' out"):
        open_reader(str(general), layer=2)


@pytest.mark.parametrize(("stage", "words"), [("", "a run without stages"), ("align", "stage 'align'")])
def test_other_stages_are_refused(llava_dir, tmp_path, stage, words):
    save_checkpoint(tiny_model(llava_dir), tmp_path / "c", PROVENANCE.model_copy(update={"stage": stage}))
    with pytest.raises(ConfigError, match=f"{words}, but the base model is the one after stage 'general'"):
        open_reader(str(tmp_path / "c"))


def test_a_backbone_without_a_head_cannot_answer(llava_dir, monkeypatch):
    headless = replace(registry.load("backbones", "hf")(str(llava_dir)), head=None)
    monkeypatch.setattr(_mllm.registry, "load", lambda *_: lambda *_, **__: headless)
    with pytest.raises(ConfigError, match="'hf' has no head that predicts words, so it cannot answer"):
        open_backbone(str(llava_dir))
