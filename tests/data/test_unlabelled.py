"""Images without reports and reports without images: how they are read, mixed into batches and trained on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from radz import registry
from radz.config import RunConfig, build_config
from radz.data.corpora.manifest import Manifest
from radz.data.loader import PairCollator, PairDataset, PairSampler, label_matrix
from radz.data.unlabelled import Archive, ImageDataset, MixedDataset, MixedSampler, ReportDataset, read_reports
from radz.errors import ConfigError, CorpusError
from radz.imaging.augment import augment
from radz.model.checkpoint import load_checkpoint
from radz.training.train import train
from radz.types import Presence, Study
from tiny import tiny_model

P, A, U = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN
LOSSES = registry.names("losses")
ROUNDING = 2e-6  # measured: 0 here; 1.5e-7 between batch compositions in test_model.py, float32


class Corpus(list):
    """Films in memory."""

    @property
    def records(self):
        return self


def corpus(count, seed=0):
    films = np.random.default_rng(seed).random((count, 1, 40, 30), dtype=np.float32)
    labels = [{"mass": P, "effusion": A}, {"mass": A, "effusion": P}]
    return Corpus(Study(f"{seed}-{i}", f"{seed}-{i}", labels=labels[i % 2], pixels=f) for i, f in enumerate(films))


REPORTS = [Study("r0", "", report="A mass.", labels={"mass": P, "effusion": U}), Study("r1", "", report="No mass.")]


def mixed(pairs=4, images=3):
    def dataset(studies):
        return PairDataset(
            studies, studies, lambda study, epoch: f"Report of {study.study_id}.", augment, second_view=True
        )

    archives = [Archive(ImageDataset(dataset(corpus(images, 1))), 2), Archive(ReportDataset(REPORTS), 1)]
    whole = dataset(corpus(pairs))
    return MixedDataset(whole, archives), MixedSampler(PairSampler(corpus(pairs), 2), pairs, archives)


@torch.no_grad()
def test_a_mixed_batch_reads_each_row_as_alone(llava_dir):
    model = tiny_model(llava_dir)
    dataset, sampler = mixed()
    rows = [dataset[key] for key in next(iter(sampler))]
    given = PairCollator(model.processor, ("mass", "effusion"))(rows)
    assert given.rows.images.tolist() == [0, 1, 2, 3]
    assert given.rows.reports.tolist() == [0, 1, 4]
    assert given.rows.labels[2:4].isnan().all()
    assert len(given.images.values) == len(given.second_view.values) == 4
    features = model(given.images, given.texts.prompt)
    assert len(features.image_global) == 4
    assert len(features.text_global) == 3
    alone = PairCollator(model.processor, ("mass", "effusion"))(rows[:2])
    assert alone.rows.images.tolist() == alone.rows.reports.tolist() == [0, 1]
    expected = model(alone.images, alone.texts.prompt)
    torch.testing.assert_close(features.image_local[:2], expected.image_local, atol=ROUNDING, rtol=0)
    torch.testing.assert_close(features.text_local[:2], expected.text_local, atol=ROUNDING, rtol=0)
    of_report = label_matrix([rows[-1].study], ("mass", "effusion"))
    torch.testing.assert_close(given.rows.labels[4:], of_report, equal_nan=True)


def test_an_archive_is_gone_through_whole_and_resumes_where_it_was():
    dataset, sampler = mixed()
    batches = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches += list(sampler)
    images = [index - 4 for batch in batches for _, index in batch[2:4]]
    assert len(images) == 12  # 6 batches of 2, four passes over 3 images
    assert all(sorted(images[i : i + 3]) == [0, 1, 2] for i in range(0, 12, 3))
    assert {index for batch in batches for _, index in batch[4:]} == {7, 8}
    _, again = mixed()
    again.set_epoch(2)
    assert list(again) == batches[4:]
    assert len(dataset) == 9
    with pytest.raises(IndexError):
        dataset[0, 9]


def table(folder: Path) -> Path:
    rows = [
        '"HISTORY: effusion? FINDINGS: There is a lung mass. No pleural effusion.",train',
        '"IMPRESSION: Possible pneumonia.",train',
        '"",train',
        '"FINDINGS: Cardiomegaly.",test',
    ]
    (folder / "reports.csv").write_text("\n".join(["report,split", *rows]) + "\n", encoding="utf-8")
    return folder / "reports.csv"


def test_reports_are_labelled_and_uncertain_stays_uncertain(tmp_path):
    studies = read_reports(table(tmp_path), "report", {"split": "train"}, "en")
    assert [study.report for study in studies] == [
        "There is a lung mass. No pleural effusion.",
        "Possible pneumonia.",
    ]
    assert studies[0].presence("mass") is P
    assert studies[0].presence("effusion") is A
    assert studies[1].presence("pneumonia") is U


def test_reports_lose_what_is_held_out(tmp_path):
    (study,) = read_reports(table(tmp_path), "report", {"split": "train"}, "en", frozenset({"effusion", "pneumonia"}))
    assert study.report == "There is a lung mass."
    assert "effusion" not in study.labels


def test_tables_that_give_nothing_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="no report is left in column 'report'"):
        read_reports(table(tmp_path), "report", {"split": "val"}, "en")
    with pytest.raises(CorpusError, match="missing column 'text'"):
        read_reports(table(tmp_path), "text", {}, "en")
    with pytest.raises(ConfigError, match=r"out of English reports only, and .* is 'es'"):
        read_reports(table(tmp_path), "report", {}, "es", frozenset({"mass"}))


def config(root: Path, source: Path, output: Path, unlabelled: dict, **changes) -> RunConfig:
    tree = {
        "output": str(output),
        "data": {
            "corpus": "manifest",
            "root": str(root),
            "train_split": "train",
            "options": {"unlisted": "absent"},
            "second_view": True,
            "unlabelled": unlabelled,
            **changes.pop("data", {}),
        },
        "model": {"backbone": "hf", "source": str(source), "readout": {"dim": 8}, "lora": {"r": 2}},
        "loss": {"weights": dict.fromkeys(LOSSES, 0.5)},
        "train": {"batch_size": 2, "max_steps": 3, "save_steps": 2, "keep_states": 2, "dtype": "float32"},
        **changes,
    }
    return build_config(RunConfig, tree)


@pytest.mark.parametrize(
    ("rows", "weights", "message"),
    [
        ({"images": {"root": "x"}}, {"alignment": 1.0}, "by the agreement of two views alone: give 'consistency'"),
        ({"texts": {"table": "x.csv"}}, {"alignment": 1.0}, "by the knowledge loss alone: give 'knowledge' a weight"),
    ],
)
def test_rows_that_no_loss_would_read_are_refused(tmp_path, rows, weights, message):
    with pytest.raises(ConfigError, match=message):
        config(tmp_path, tmp_path, tmp_path, rows, loss={"weights": weights})
    with pytest.raises(ConfigError, match=r"set data\.second_view"):
        config(tmp_path, tmp_path, tmp_path, {"images": {"root": "x"}}, data={"second_view": False})


@pytest.mark.parametrize("views", [0, 2])
def test_a_run_with_unlabelled_rows_resumes_exactly_and_says_what_it_read(llava_dir, tmp_path, views):
    (tmp_path / "films").mkdir()
    root = Manifest.fake(tmp_path / "films")
    text = root.read_text().replace(",val,", ",train,").replace(",test,", ",train,")
    root.write_text(text)
    (tmp_path / "more").mkdir()
    rows = {
        "images": {"root": str(Manifest.fake(tmp_path / "more")), "per_batch": 2},
        "texts": {"table": str(table(tmp_path)), "where": {"split": "train"}, "per_batch": 1},
    }
    settings = {"data": {"cached_views": views}}
    whole = train(config(root, llava_dir, tmp_path / "whole", rows, **settings))
    shutil.copytree(tmp_path / "whole", tmp_path / "again")
    shutil.rmtree(tmp_path / "again" / "align" / "checkpoint-3")
    shutil.rmtree(tmp_path / "again" / "checkpoint")
    again = train(config(root, llava_dir, tmp_path / "again", rows, **settings))
    one, two = (load_file(checkpoint / "model.safetensors") for checkpoint in (whole, again))
    assert all(torch.equal(one[name], two[name]) for name in one)
    provenance = load_checkpoint(whole)[1]
    assert provenance.unlabelled == {"images": 1, "texts": 2}
    assert provenance.mentioned == {"effusion": 1, "mass": 1, "pneumonia": 1}
    assert provenance.supervised["mass"] == 2  # one film, one report
    assert "pneumonia" not in provenance.supervised  # uncertain, and no column of labels
