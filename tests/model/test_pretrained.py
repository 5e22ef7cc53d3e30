"""transformers' checkpoints: complete, without their code, at a revision."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import transformers
from transformers import AutoConfig, AutoModel, dynamic_module_utils

import radz
from llava_variants import copy_llava, with_code, without
from radz.errors import CheckpointError
from radz.model import pretrained
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, save_checkpoint
from radz.model.pretrained import code_refused, from_pretrained, load_whole, pinned, reason, split_revision
from radz.provenance import Provenance
from tiny import tiny_config, tiny_model
from tiny_checkpoints import save_sentence_encoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(llava_dir, tmp_path, monkeypatch) -> Path:
    """A downloaded hub id ``org/tiny`` whose branch main is at COMMIT."""
    root = tmp_path / "hub" / "models--org--tiny"
    shutil.copytree(llava_dir, root / "snapshots" / COMMIT)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT)
    for module in ("huggingface_hub.constants", "huggingface_hub.file_download.constants"):
        monkeypatch.setattr(f"{module}.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(transformers.utils.hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return root


def test_the_revision_stands_behind_the_hub_id(tmp_path):
    assert split_revision("org/tiny@abc") == ("org/tiny", "abc")
    assert split_revision("org/tiny") == ("org/tiny", None)
    directory = tmp_path / "odd@name"
    directory.mkdir()
    assert split_revision(directory) == (str(directory), None), "a directory may have any name"


def test_code_is_refused_and_the_revision_passed_on():
    calls = []
    auto = SimpleNamespace(from_pretrained=lambda *given, **options: calls.append((*given, options)))
    from_pretrained(auto, "org/tiny@abc", dtype="auto")
    from_pretrained(auto, "org/tiny")
    assert calls == [
        ("org/tiny", {"trust_remote_code": False, "revision": "abc", "dtype": "auto"}),
        ("org/tiny", {"trust_remote_code": False}),
    ]


def test_every_load_in_the_package_passes_through_it():
    for path in Path(radz.__file__).parent.rglob("*.py"):
        if path != Path(pretrained.__file__):
            assert not re.search(r"\.from_pretrained\(", path.read_text()), f"{path}: use radz.model.pretrained"
            for call in re.findall(r"\.from_config\(.*", path.read_text()):
                assert "trust_remote_code=False" in call, f"{path}: {call}"


def test_a_checkpoint_over_a_hub_id_records_and_loads_the_commit(hub, tmp_path):
    model = tiny_model(hub / "snapshots" / COMMIT).eval()
    assert model.config.source == str(hub / "snapshots" / COMMIT), "a directory is itself"
    model = build_model(tiny_config("org/tiny"))
    assert model.config.source == f"org/tiny@{COMMIT}"
    save_checkpoint(model, tmp_path / "c", Provenance(corpus="none", split="train"))
    (hub / "refs" / "main").write_text("f" * 40)
    assert load_checkpoint(tmp_path / "c")[0].fingerprint == model.fingerprint, "main has moved on"


def test_only_what_came_from_the_hub_has_a_commit(hub, llava_dir):
    assert pinned("org/tiny") == pinned("org/tiny@main") == f"org/tiny@{COMMIT}"
    assert pinned(str(llava_dir)) == str(llava_dir)
    assert pinned("org/unknown") == "org/unknown"


def test_missing_weights_are_refused_unless_nothing_reads_them(tmp_path):
    whole = save_sentence_encoder(tmp_path / "whole")
    pooler = copy_llava(whole, tmp_path / "pooler", without("pooler."))
    assert load_whole(AutoModel, pooler, unread=("pooler.",)).config.model_type == "bert"
    with pytest.raises(CheckpointError, match=r"lacks 2 weights \(pooler.dense.bias, pooler.dense.weight\) of a BertM"):
        load_whole(AutoModel, pooler)


def test_the_reason_is_the_first_line_or_that_there_is_code():
    assert reason(OSError("no such file\nmore")) == "no such file"
    assert reason(ValueError("")) == "ValueError"
    assert reason(ValueError("x contains custom code which must be executed")) == pretrained.CODE


def test_a_library_that_leaves_the_question_open_is_answered_with_no(llava_dir, tmp_path, monkeypatch):
    directory = with_code(llava_dir, tmp_path / "code", ran=tmp_path / "ran")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    before = dynamic_module_utils.TIME_OUT_REMOTE_CODE
    with code_refused(), pytest.raises(ValueError, match=r"execute|custom code"):
        AutoConfig.from_pretrained(directory)
    assert dynamic_module_utils.TIME_OUT_REMOTE_CODE == before > 0
    assert not (tmp_path / "ran").exists()
