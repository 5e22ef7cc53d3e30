"""Two processes are one: the loss and the gradient of both are those of one process on the union of their batches."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin
from PIL import Image
from safetensors.torch import load_file

import two_processes
from radz.config import LossConfig, build_config
from radz.data.loader import PairSampler, SharedSampler, text_key
from radz.data.unlabelled import Archive, MixedSampler
from radz.model.build import PARTS
from radz.model.checkpoint import learned_state, load_checkpoint
from radz.training.task import AlignmentTask
from radz.types import Study
from tiny import tiny_model

SUPPORT = Path(__file__).parents[1] / "support"
CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def settings(tmp_path_factory, llava_dir) -> Path:
    """Four losses, hybrid anchors, two views, batches within a source, films without reports, in chunks."""
    root = tmp_path_factory.mktemp("processes")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(32):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(root / f"{i}.png")
        label = ("Effusion", "Mass", "No Finding", "Effusion;Mass")[i % 4]
        lines.append(f"{i}.png,{label},p{i},{'val' if i % 8 == 7 else 'train'},{'ab'[i % 2]},PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    films = {"root": str(root / "manifest.csv"), "split": "val", "per_batch": 2}
    tree = {
        "anchors": "hybrid",
        "data": {
            "corpus": "manifest",
            "root": str(root / "manifest.csv"),
            "options": {"unlisted": "absent"},
            "text_variants": 1,
            "batch_within": ["source"],
            "second_view": True,
            "unlabelled": {"images": films},
        },
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2, "dropout": 0}},
        "loss": {
            "weights": {"alignment": 1.0, "knowledge": 0.5, "consistency": 0.1, "regularization": 0.1},
            "learn_temperature": True,
        },
        "train": {"batch_size": 12, "max_steps": 3, "save_steps": 3, "dtype": "float32", "chunk_size": 4},
    }
    (root / "settings.json").write_text(json.dumps(tree), encoding="utf-8")
    return root / "settings.json"


def losses(output: Path) -> list[float]:
    lines = json.loads((output / "align" / "checkpoint-3" / "trainer_state.json").read_text())["log_history"]
    return [line["loss"] for line in lines if "loss" in line]


def started(kind: str, settings: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    """two_processes.py under `accelerate launch` and a shipped configuration."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = str(free.getsockname()[1])
    config = str(CONFIGS / "accelerate" / f"{kind}.yaml")
    launch = ["accelerate.commands.launch", "--config_file", config, "--main_process_port", port]
    script = [str(SUPPORT / "two_processes.py"), str(settings), str(output), *more]
    path = os.pathsep.join([str(SUPPORT.parent / "src"), os.environ.get("PYTHONPATH", "")])
    named = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, "-m", *launch, *script], env=os.environ | {"PYTHONPATH": path}, **named)


@pytest.fixture
def threads():
    """Put back how many threads there were."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_two_processes_have_the_loss_and_gradient_of_one_on_the_union(settings, tmp_path, monkeypatch):
    with started("ddp", settings, tmp_path / "two") as two:
        monkeypatch.setattr(Accelerator, "backward", Accelerator.backward)  # put back what the script sets
        two_processes.main(settings, tmp_path / "one")
        printed, _ = two.communicate(timeout=250)
    assert two.returncode == 0, printed[-3000:]

    one, two = (load_file(tmp_path / name / "gradients.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert {"losses.alignment.log_scale", "model.anchors.residual"} < one.keys()
    floor = 1e-4 * max(float(g.abs().max()) for g in one.values())
    worst = max(float((one[n] - two[n]).abs().max() / one[n].abs().max().clamp(min=floor)) for n in one)
    assert worst < 1e-5  # measured: 6.6e-7
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-5)  # measured: 0
    states = [tmp_path / name / "align" / "checkpoint-3" / "rng_state_1.pth" for name in ("one", "two")]
    assert [state.is_file() for state in states] == [False, True]  # there were two


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_processes_that_share_parameters_out_save_what_those_save_that_do_not_and_resume(settings, tmp_path):
    """FSDP over gloo. The tower is warmed up and trains; the processes' texts fill different numbers of chunks."""
    tree = json.loads(settings.read_text())
    tree["train"] |= {"max_steps": 6, "save_steps": 4, "keep_states": 2, "train_parts": [*PARTS]}
    tree["warmup"] = {"epochs": 1, "batch_size": 4, "learning_rate": 0.001}
    (tmp_path / "settings.json").write_text(json.dumps(tree))
    saved = []
    for kind in ("ddp", "fsdp", "fsdp"):
        output = tmp_path / kind
        with started(kind, tmp_path / "settings.json", output, *["sharded"] * (kind == "fsdp")) as two:
            printed, _ = two.communicate(timeout=550)
        assert two.returncode == 0, printed[-3000:]
        saved.append(learned_state(load_checkpoint(output / "checkpoint")[0]))
        shutil.rmtree(output / "checkpoint")
        shutil.rmtree(output / "align" / "checkpoint-6")
    plain, sharded, resumed = saved
    assert max(float((plain[n] - sharded[n]).abs().max()) for n in plain) < 1e-5  # measured over three steps: 1e-9
    assert all(torch.equal(sharded[n], resumed[n]) for n in plain)


def studies(count: int) -> list[Study]:
    return [Study(f"s{i}", f"p{i}", metadata={"source": "ab"[i % 2]}) for i in range(count)]


def test_batches_are_drawn_whole_and_dealt_out():
    records = studies(64)
    whole = [*PairSampler(records, 8, ("source",), seed=1)]
    shares = [[*SharedSampler(PairSampler(records, 8, ("source",), seed=1), rank, 2)] for rank in (0, 1)]
    assert [sorted(a + b) for a, b in zip(*shares, strict=True)] == [sorted(batch) for batch in whole]
    assert all(len(batch) == 4 for share in shares for batch in share)
    assert all(len({index % 2 for _, index in (*a, *b)}) == 1 for a, b in zip(*shares, strict=True))


def test_every_process_has_its_part_of_the_unlabelled_rows():
    mixed = MixedSampler(PairSampler(studies(16), 8), 16, [Archive(range(10), 4)])
    for rank in (0, 1):
        for batch in SharedSampler(mixed, rank, 2):
            assert [index < 16 for _, index in batch] == [True] * 4 + [False] * 2


def test_keys_tell_texts_apart():
    """The first eight bytes of SHA-256 of the empty text are e3b0c44298fc1c14."""
    assert text_key("") == 0xE3B0C44298FC1C14 - 2**64
    assert text_key("mass") == text_key("mass") != text_key("Mass")
    assert torch.tensor([text_key("mass")]).dtype == torch.int64


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ddp", DistributedType.MULTI_GPU),
        ("fsdp", DistributedType.FSDP),
        ("deepspeed_zero2", DistributedType.DEEPSPEED),
    ],
)
def test_shipped_launch_configurations_are_read_by_accelerate(name, kind):
    launch = load_config_from_file(str(CONFIGS / "accelerate" / f"{name}.yaml"))
    assert launch.distributed_type == kind
    assert launch.num_processes == 2
    assert launch.mixed_precision == "no"


def test_fsdp_shards_layer_by_layer_whatever_the_decoder(monkeypatch, llava_dir):
    tree = yaml.safe_load((CONFIGS / "accelerate" / "fsdp.yaml").read_text())["fsdp_config"]
    for key, value in tree.items():  # as `accelerate launch` hands them to its processes
        monkeypatch.setenv(f"FSDP_{key.removeprefix('fsdp_').upper()}", str(value))
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2
    task = AlignmentTask(tiny_model(llava_dir), build_config(LossConfig, {"weights": {"alignment": 1.0}}))
    plugin.set_auto_wrap_policy(task)
    assert [cls.__name__ for cls in plugin.auto_wrap_policy.keywords["transformer_layer_cls"]] == ["LlamaDecoderLayer"]
