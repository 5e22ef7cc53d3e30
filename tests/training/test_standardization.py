"""The heads' statistics are measured on the first training batches."""

from __future__ import annotations

import torch

from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint
from radz.training.data import open_training_data
from radz.training.standardization import fit_standardization
from radz.training.train import train
from tiny import tiny_model
from training_runs import run_config


def test_a_run_without_a_step_is_the_model_it_starts_as_with_statistics_measured(manifest, llava_dir, tmp_path):
    model = {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": None}, "tokens": {"count": 0}}
    settings = {"batch_size": 6, "epochs": 0}
    run = run_config(manifest, llava_dir, tmp_path, model=model, train=settings)
    trained, fresh = load_checkpoint(train(run))[0], build_model(run.model, run.seed)
    before, after = fresh.state_dict(), trained.state_dict()
    changed = {n for n in after if not torch.equal(after[n], before[n])}
    assert changed == {f"readout.heads.{head}.{what}" for head in trained.readout.heads for what in ("mean", "std")}
    head, state = trained.readout.heads["image_global"], torch.randn(2, trained.readout.dim)
    expected = torch.nn.functional.normalize((state - head.mean) / head.std, dim=-1)
    torch.testing.assert_close(head(state), expected, rtol=0, atol=1e-6)  # measured: 0


def test_chunks_measure_what_whole_batches_do(manifest, llava_dir, tmp_path):
    run = run_config(manifest, llava_dir, tmp_path)
    data, statistics = open_training_data(run.data, run.seed), []
    for chunk_size in (None, 4):
        model = tiny_model(llava_dir)
        fit_standardization(model, data.loader(model.processor, 6, data.concepts), chunk_size)
        statistics.append({n: b for n, b in model.readout.named_buffers()})
    for name, value in statistics[0].items():
        torch.testing.assert_close(statistics[1][name], value, rtol=1e-4, atol=1e-5)
