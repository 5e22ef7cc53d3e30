"""Any LLaVA-class checkpoint of a directory."""

from __future__ import annotations

import pytest

from radz.errors import ConfigError
from radz.model.backbones.hf import hf


def test_it_needs_a_source():
    with pytest.raises(ConfigError, match=r"needs model\.source: a checkpoint directory or a hub id"):
        hf()


def test_it_loads_a_directory_with_its_head_and_processor(llava_dir):
    backbone = hf(str(llava_dir))
    assert backbone.name == "hf"
    assert backbone.head.out_features == len(backbone.processor.tokenizer)
    assert backbone.processor.image_token == "<image>"
