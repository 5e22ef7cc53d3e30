"""Patient-grouped folds: a partition by patient that never touches test, and models that remember theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from radz.cli import app
from radz.config import RunConfig, build_config
from radz.data.views.folds import Fold, open_corpus
from radz.errors import ConfigError, LeakageError, UnknownNameError
from radz.model.checkpoint import read_description
from radz.training.data import open_training_data
from radz.training.train import train

SPLITS = ["train"] * 7 + ["val"] * 2 + ["test"]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    """Twenty images of ten patients; image i has its bright row at i."""
    root = tmp_path_factory.mktemp("images")
    lines = ["image,labels,patient,split"]
    for i in range(20):
        image = np.zeros((32, 32), dtype=np.uint8)
        image[i] = 200
        Image.fromarray(image).save(root / f"{i}.png")
        lines.append(f"{i}.png,{('Mass', 'Effusion')[i % 2]},p{i // 2},{SPLITS[i // 2]}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root / "manifest.csv"


def patients(manifest: Path, split: str, fold: Fold | None) -> set[str]:
    return {study.patient_id for study in open_corpus("manifest", manifest, split, {}, fold).records}


def test_folds_deal_the_patients_of_train_and_val_and_leave_test_alone(manifest):
    folds = [Fold(k, 3) for k in (1, 2, 3)]
    held = [patients(manifest, "val", fold) for fold in folds]
    pool = patients(manifest, "train", None) | patients(manifest, "val", None)
    assert sorted(map(len, held)) == [3, 3, 3]
    assert set.union(*held) == pool
    for fold, validation in zip(folds, held, strict=True):
        assert patients(manifest, "train", fold) == pool - validation
        assert patients(manifest, "test", fold) == patients(manifest, "test", None) == {"p9"}
    assert patients(manifest, "val", Fold(1, 3, seed=1)) != held[0]


def test_an_image_keeps_its_pixels_and_takes_the_folds_split(manifest):
    corpus = open_corpus("manifest", manifest, "val", {"unlisted": "absent"}, Fold(2, 3))
    assert {study.split for study in corpus.records} == {"val"}
    for study in corpus[:]:
        assert study.split == "val"
        assert study.pixels[0].sum(1).argmax() == int(Path(study.image).stem)


def test_a_fold_is_written_k_of_n():
    assert (Fold.parse("2/5"), Fold.parse("2/5@7")) == (Fold(2, 5), Fold(2, 5, 7))
    assert [str(Fold(2, 5)), str(Fold.parse("2/5@7"))] == ["2/5", "2/5@7"]
    for wrong in ("0/3", "4/3", "1/1", "third", "1/3@x"):
        with pytest.raises(ConfigError, match=rf"at least 2.*Got '{wrong}'"):
            Fold.parse(wrong)


def test_only_train_val_and_test_exist_under_a_fold(manifest):
    with pytest.raises(UnknownNameError, match="split under a fold 'valid'"):
        open_corpus("manifest", manifest, "valid", {}, Fold(1, 2))


def config(manifest: Path, llava_dir: Path, output: Path, fold: str, data=(), **more) -> RunConfig:
    tree = more | {
        "output": str(output),
        "data": {
            "corpus": "manifest",
            "root": str(manifest),
            "options": {"unlisted": "absent"},
            "fold": fold,
            **dict(data),
        },
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2}},
        "train": {"batch_size": 4, "max_steps": 1, "dtype": "float32"},
    }
    return build_config(RunConfig, tree)


def test_a_model_remembers_its_fold_and_is_not_judged_on_another(manifest, llava_dir, tmp_path):
    settings = config(manifest, llava_dir, tmp_path / "run", "1/3")
    trained_on = {study.patient_id for study in open_training_data(settings.data, settings.seed).records}
    assert trained_on == patients(manifest, "train", Fold(1, 3))
    checkpoint = train(settings)
    with pytest.raises(LeakageError, match="left out fold 1/3, but 'val' of fold 2/3"):
        train(config(manifest, llava_dir, tmp_path / "next", "2/3", start=str(checkpoint)))
    assert read_description(checkpoint)[1].fold == "1/3"
    with pytest.raises(LeakageError, match=r"data\.fold 1/3, and this one has 2/3"):
        train(config(manifest, llava_dir, tmp_path / "run", "2/3"))
    judge = ["evaluate", "--model", str(checkpoint), "--source", str(llava_dir), "--corpus", "manifest"]
    judge += ["--root", str(manifest), "--out", str(tmp_path), "--split", "val", "--draws", "2"]
    wrong = CliRunner().invoke(app, [*judge, "--fold", "2/3"])
    assert isinstance(wrong.exception, LeakageError)
    right = CliRunner().invoke(app, [*judge, "--fold", "1/3"])
    assert "6 studies of 3 patients" in right.output


def test_images_without_reports_from_the_same_table_keep_to_the_fold(manifest, llava_dir, tmp_path):
    images = {"images": {"corpus": "manifest", "root": str(manifest), "per_batch": 2}}
    data = {"unlabelled": images, "second_view": True}
    settings = config(
        manifest, llava_dir, tmp_path, "1/3", loss={"weights": {"alignment": 1, "consistency": 1}}, data=data
    )
    assert {study.patient_id for study in open_training_data(settings.data, settings.seed).images.records} == patients(
        manifest, "train", Fold(1, 3)
    )
