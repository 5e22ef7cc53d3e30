"""The directory of a run: claimed by one stage, refused to runs that would leak, never stuck on a file cut short."""

from __future__ import annotations

import hashlib

import pytest
import yaml

from radz.config import RunConfig, build_config
from radz.errors import CheckpointError, LeakageError
from radz.training.output_dir import (
    IDENTITY,
    SETTINGS,
    claim_output_dir,
    identity,
    open_output_dir,
    require_same_data,
    save_settings,
)

ONE, TWO = "a" * 64, "b" * 64


def settings(output, **data) -> RunConfig:
    return build_config(RunConfig, {"output": str(output), "data": {"root": "x", **data}})


def test_settings_are_saved_whole_and_read_back(tmp_path):
    config = settings(tmp_path, held_out=["mass"])
    assert open_output_dir(config, "0") is None
    assert build_config(RunConfig, yaml.safe_load((tmp_path / SETTINGS).read_text())) == config
    assert [path.name for path in tmp_path.iterdir()] == [SETTINGS]


@pytest.mark.parametrize(("before", "now"), [({}, {"held_out": ["mass"]}), ({"held_out": ["mass"]}, {}),
                                             ({"fold": "1/2"}, {"fold": "2/2"})])  # fmt: skip
def test_a_run_that_saw_other_data_is_not_resumed(tmp_path, before, now):
    save_settings(settings(tmp_path, **before))
    with pytest.raises(LeakageError, match=r"holds a run with data\..* choose another output, or delete that run"):
        require_same_data(tmp_path, settings(tmp_path, **now).data)


def test_the_order_of_what_is_held_out_does_not_matter(tmp_path):
    save_settings(settings(tmp_path, held_out=["mass", "nodule"]))
    require_same_data(tmp_path, settings(tmp_path, held_out=["nodule", "mass"]).data)


@pytest.mark.parametrize("damage", ["", "data: {", "data:\n  held_", "- a", "\x00"])
def test_settings_that_are_cut_short_stop_nobody(tmp_path, damage, caplog):
    (tmp_path / SETTINGS).write_text(damage)
    require_same_data(tmp_path, settings(tmp_path, held_out=["mass"]).data)
    assert "config.yaml is cut short" in caplog.text


def test_settings_cut_anywhere_do_not_raise(tmp_path):
    config = settings(tmp_path, held_out=["mass"])
    save_settings(config)
    text = (tmp_path / SETTINGS).read_text()
    for length in range(len(text)):
        (tmp_path / SETTINGS).write_text(text[:length])
        require_same_data(tmp_path, config.data)


def test_a_directory_belongs_to_one_stage(tmp_path):
    assert claim_output_dir(tmp_path, "adapt", ONE) is None
    assert claim_output_dir(tmp_path, "adapt", ONE) is None
    with pytest.raises(CheckpointError, match="holds a stage 'adapt' with other settings, data or start"):
        claim_output_dir(tmp_path, "adapt", TWO)


@pytest.mark.parametrize("mark", ["", TWO[:40], "\x00\x00"])
def test_a_mark_that_is_cut_short_claims_nothing(tmp_path, mark):
    (tmp_path / IDENTITY).write_text(mark)
    assert claim_output_dir(tmp_path, "adapt", ONE) is None
    assert (tmp_path / IDENTITY).read_text() == ONE


def test_the_identity_is_that_of_radz_0_1():
    """SHA-256 of the JSON [settings, data, start], keys sorted."""
    expected = hashlib.sha256(b'[{"a": 2, "b": 1}, "d", ""]').hexdigest()
    assert identity({"b": 1, "a": 2}, None, "d") == expected
