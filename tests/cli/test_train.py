"""``radz train`` from a configuration file to a checkpoint."""

from __future__ import annotations

import pytest
import yaml
from typer.testing import CliRunner

from radz.cli import app
from radz.errors import ConfigError, UnknownNameError
from radz.provenance import Provenance


@pytest.fixture
def config(tmp_path, llava_dir, labelled_images):
    tree = {
        "output": str(tmp_path / "run"),
        "data": {"corpus": "manifest", "root": str(labelled_images), "options": {"unlisted": "absent"}},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2}},
        "train": {"batch_size": 8, "max_steps": 1, "dtype": "float32"},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def test_the_checkpoint_is_named_and_says_what_it_was_trained_on(config, tmp_path):
    done = run(config, "--set", "seed=3")
    assert done.exit_code == 0, done.output
    checkpoint = tmp_path / "run" / "checkpoint"
    assert f"checkpoint: {checkpoint}" in "".join(done.stdout.split("\n"))
    provenance = Provenance.model_validate_json((checkpoint / "provenance.json").read_text())
    assert (provenance.corpus, provenance.seed, provenance.studies) == ("manifest", 3, 48)
    assert provenance.supervised == {"effusion": 24, "mass": 24, "no_finding": 12}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--set", "train.stepz=1"], ConfigError, "Unknown setting 'train.stepz'. Did you mean 'train.max_steps'"),
        (["--set", "train.max_steps"], ConfigError, "A setting is written key=value, got 'train.max_steps'"),
        (["--baseline", "clip"], UnknownNameError, "baseline that trains 'clip'.*Known: dual_encoder"),
    ],
)
def test_a_wrong_setting_is_refused_before_training(config, tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        CliRunner().invoke(app, ["train", str(config), *arguments], catch_exceptions=False)
    assert not (tmp_path / "run").exists()
