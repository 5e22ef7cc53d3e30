"""The trained pair: same data, tower, batches and loss as ours, resumed, saved and scored."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from batches import pair_batch
from eval_fakes import make_anchors
from radz import registry
from radz.baselines import BaselineContext, open_baseline
from radz.baselines.dual_encoder import load_pair
from radz.config import LossConfig, load_config
from radz.errors import CheckpointError, ConfigError
from radz.losses.alignment import nce
from radz.training.data import open_training_data
from radz.training.dual_encoder import PairTask, train_dual_encoder
from radz.types import ImageBatch
from tiny_checkpoints import save_dual_encoder, save_sentence_encoder

PARTS = ("projector", "lora", "tokens", "heads")


@pytest.fixture(scope="module")
def world(tmp_path_factory, llava_dir):
    """Directory with films, a run configuration of ours and a sentence encoder."""
    root = tmp_path_factory.mktemp("dual")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(12):
        film = rng.integers(0, 80, (28, 28), dtype=np.uint8) + np.uint8(160 * (i % 2))  # brightness tells the finding
        Image.fromarray(film).save(root / f"{i}.png")
        lines.append(f"{i}.png,{('Effusion', 'Mass')[i % 2]},p{i},train,fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    data = {"corpus": "manifest", "root": str(root / "manifest.csv"), "options": {"unlisted": "absent"}}
    tree = {
        "output": str(root / "run"),
        "data": {**data, "cached_views": 1, "augment": False, "report_policy": "positives"},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}},
        "warmup": {"epochs": 1, "batch_size": 6},
        "train": {"batch_size": 6, "max_steps": 30, "save_steps": 15, "head_rate": 0.01, "dtype": "float32",
                  "train_parts": list(PARTS)},
    }  # fmt: skip
    (root / "run.yaml").write_text(yaml.safe_dump(tree))
    save_sentence_encoder(root / "sentences")
    return root


@pytest.fixture(scope="module")
def trained(world):
    return train_dual_encoder(load_config(world / "run.yaml"), str(world / "sentences"))


def losses(run):
    newest = max((run / "align").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    log = json.loads((newest / "trainer_state.json").read_text())["log_history"]
    return [line["loss_alignment"] for line in log if "loss_alignment" in line]


def test_films_come_to_lie_with_their_sentences(world, trained):
    config = load_config(world / "run.yaml")
    data, net = open_training_data(config.data, config.seed), load_pair(trained)
    texts = net.processor.text_prompt([data.write_text(study, 0) for study in data.records])
    films = net.processor.pixel_values([data.corpus[i].pixels for i in range(12)])
    features = net(ImageBatch(net.processor.image_prompt(12), films), texts)
    similarity = features.image_global @ features.text_global.T
    even, odd = similarity[:, ::2].mean(1), similarity[:, 1::2].mean(1)
    assert (even > odd).tolist() == [True, False] * 6


def test_it_scores_as_the_network_does(world, trained):
    corpus = registry.load("corpora", "manifest")(world / "manifest.csv", split="train", unlisted="absent")
    model, net = open_baseline("dual_encoder", str(trained), BaselineContext(list)), load_pair(trained)
    prompt = net.processor.text_prompt(["There is mass.", "There is no mass."])
    films = net.processor.pixel_values([study.pixels for study in corpus])
    features = net(ImageBatch(net.processor.image_prompt(12), films), prompt)
    expected = features.image_global @ (features.text_global[0] - features.text_global[1])
    scores = model.score(list(corpus), make_anchors(("mass",))).values[:, 0]
    np.testing.assert_allclose(scores, expected.detach().numpy(), atol=1e-4)  # 8-bit images of the tower's size


def test_the_tower_is_the_warmed_one_and_stays_as_it_was(world, trained):
    warmed = {n.removeprefix("tower."): t for n, t in load_file(world / "run" / "tower.safetensors").items()}
    saved = load_pair(trained).tower.state_dict()
    assert all(torch.equal(saved[name], warmed[name]) for name in saved)
    provenance = json.loads((trained / "provenance.json").read_text())
    assert provenance["supervised"] == {"effusion": 6, "mass": 6}
    assert provenance["warmup"].startswith("supervised, 1 epochs")


def test_a_run_that_is_through_is_not_trained_again(world, trained):
    before = load_file(trained / "heads.safetensors")
    again = train_dual_encoder(load_config(world / "run.yaml"), str(world / "sentences"))
    assert all(torch.equal(tensor, before[name]) for name, tensor in load_file(again / "heads.safetensors").items())


def test_the_loss_is_the_alignment_of_one_pair_of_features(tmp_path):
    net = load_pair(save_dual_encoder(tmp_path / "pair"))
    films = [np.full((1, 28, 28), level, dtype=np.float32) for level in (0.2, 0.8)]
    texts = ["there is mass.", "there is effusion."]
    batch = pair_batch(net.processor, net.processor.pixel_values(films), texts)
    loss = PairTask(net, LossConfig())(batch)
    features = net(batch.images, batch.texts.prompt)
    logits = features.image_global @ features.text_global.T / 0.07
    eye, every = torch.eye(2), torch.ones(2, 2, dtype=torch.bool)
    torch.testing.assert_close(loss["loss"], (nce(logits, eye, every) + nce(logits.T, eye, every)) / 2)
    assert torch.allclose(features.image_global.norm(dim=-1), torch.ones(2))


def test_what_does_not_fit_is_refused(world, tmp_path):
    with pytest.raises(ConfigError, match="trained in one run, but this configuration is of stage 'adapt'"):
        train_dual_encoder(load_config(world / "run.yaml", ["stage=adapt"]))
    with pytest.raises(ConfigError, match=r"trained on the states of one tower: leave train\.cross_fit out"):
        train_dual_encoder(load_config(world / "run.yaml", ["train.cross_fit=2", "data.cached_views=1"]))
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'dual_encoder'"):
        open_baseline("dual_encoder", str(tmp_path), BaselineContext(list))
