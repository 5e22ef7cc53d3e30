"""Models as a user names them."""

from __future__ import annotations

import pytest

from radz.errors import ConfigError
from radz.experiments.models import ModelSpec, is_checkpoint, parse_model, with_distinct_labels


def test_models_are_written_with_options(tmp_path):
    assert parse_model("llava") == ModelSpec("llava", None, {}, "llava")
    text = "llava:org/model,question=Is {} there, or not?,reuse_prefix=false,as=asked"
    options = {"question": "Is {} there, or not?", "reuse_prefix": False}
    assert parse_model(text) == ModelSpec("llava", "org/model", options, "asked")
    checkpoint = parse_model(f"{tmp_path},anchors=rules")
    assert checkpoint == ModelSpec(str(tmp_path), None, {"anchors": "rules"}, tmp_path.name)
    assert [model.label for model in with_distinct_labels([parse_model("clip")] * 2)] == ["clip", "clip (2)"]
    with pytest.raises(ConfigError, match="names no model"):
        parse_model(",prompts=given")


def test_a_baselines_name_means_the_baseline_even_where_a_folder_has_it(tmp_path, monkeypatch):
    (tmp_path / "llava").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not is_checkpoint("llava")
    assert parse_model("llava:org/model").checkpoint == "org/model"
    assert is_checkpoint("./llava"), "a path names the folder"
