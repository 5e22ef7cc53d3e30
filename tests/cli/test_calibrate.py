"""``radz calibrate`` with a real tiny model and real tiny files, and ``radz predict`` with what it wrote."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import radz
from radz.cli import app
from radz.errors import CalibrationError, LeakageError
from radz.model.checkpoint import save_checkpoint
from radz.provenance import Provenance
from radz.storage import sealed, unsealed
from tiny import tiny_model

FILMS = 120


@pytest.fixture(scope="module")
def world(llava_dir, tmp_path_factory):
    """A checkpoint and 120 validation films; the higher half of scores has an effusion, four films aside."""
    root = tmp_path_factory.mktemp("calibrate")
    taught = Provenance(corpus="c", split="train", supervised={"effusion": 9, "mass": 9})
    save_checkpoint(tiny_model(llava_dir), root / "model", taught)
    for i in range(FILMS):
        pixels = np.random.default_rng(i).integers(0, 256, (28, 28), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{i:03d}.png")
    paths = sorted(root.glob("*.png"))
    scores = [r.findings[0].score for r in radz.load(root / "model").predict(paths, ["effusion"])]
    rank = np.argsort(np.argsort(scores))
    lines = ["image,labels,patient,split"]
    for i, path in enumerate(paths):
        present = (rank[i] >= FILMS // 2) != (rank[i] in (10, 30, 80, 110))
        labels = ["Effusion" if present else "-Effusion", "Mass" if i < 3 else "-Mass", "-Fracture"]
        lines.append(f"{path.name},{';'.join(labels)},p{i},val")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


def run(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def calibrate(world, *arguments):
    return run("calibrate", "--model", world / "model", "--corpus", "manifest", "--root", world, *arguments)


@pytest.fixture(scope="module")
def written(world):
    path = world / "out.json"
    return path, calibrate(world, "--out", path)


def test_the_file_and_what_is_said(world, written):
    path, done = written
    assert done.exit_code == 0
    assert f"calibration on {FILMS} studies of {FILMS} patients: {path}" in done.stderr
    assert "probabilities of 1 findings: effusion" in done.stderr
    assert "no probability of mass: 3 positive and 117 negative validation images, 20 of each" in done.stderr
    assert "no probability of fracture: the model has not seen this finding" in done.stderr
    content = json.loads(path.read_text())
    assert content["fingerprint"] == radz.load(world / "model").fingerprint
    assert content["platt"]["effusion"]["positives"] == 60
    assert (content["split"], content["anchors"], content["out_of_distribution"]["images"]) == ("val", "names", FILMS)
    assert not (world / "model" / "calibration.json").exists()
    place = path.with_name("out.reference.json")
    assert re.search(rf"reference statistics of \d+ findings from {FILMS} images: {place}", done.stderr)
    assert json.loads(place.read_text())["images"] == {"any": FILMS}


def predict(world, *arguments):
    done = run("predict", world / "000.png", "--model", world / "model", "--format", "csv", *arguments)
    return {row["finding"]: row for row in csv.DictReader(io.StringIO(done.stdout))}


def test_predict_uses_it(world, written):
    rows = predict(world, "--calibration", written[0], "--finding", "effusion", "--finding", "mass")
    assert 0 < float(rows["effusion"]["probability"]) < 1
    assert rows["effusion"]["in_set"] in ("yes", "no")
    assert rows["effusion"]["abstained"] == ""
    assert rows["mass"]["probability"] == ""
    assert 0 <= float(rows["mass"]["percentile"]) <= 1, "it needs no labels"
    unseen = predict(world, "--calibration", written[0], "--finding", "fracture")["fracture"]
    assert 0 <= float(unseen["percentile"]) <= 1
    assert rows["mass"]["note"].startswith("no probability: 3 positive and 117 negative")


def test_the_table_shows_probabilities_sets_and_reasons(world, written):
    options = ("--finding", "effusion", "--finding", "mass", "--calibration", written[0])
    table = run("predict", world / "000.png", "--model", world / "model", *options).stdout
    assert "probability" in table
    assert "in set" in table
    assert "no probability: 3 positive and 117 negative" in " ".join(table.split())


def test_the_one_in_the_checkpoint_is_found_and_a_stale_one_is_left_out_with_the_reason(world, written):
    place = world / "model" / "calibration.json"
    try:
        place.write_text(written[0].read_text())
        assert predict(world, "--finding", "effusion")["effusion"]["probability"]
        stale = unsealed(json.loads(written[0].read_text())) | {"fingerprint": "beef"}
        place.write_text(json.dumps(sealed(stale)))
        row = predict(world, "--finding", "effusion")["effusion"]
        assert row["probability"] == row["in_set"] == ""
        assert row["note"].startswith("no probability: calibration.json belongs to the model beef")
        with pytest.raises(CalibrationError, match="belongs to the model beef"):
            predict(world, "--calibration", place)
    finally:
        place.unlink(missing_ok=True)


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_other_split_is_taken(world, split):
    with pytest.raises(LeakageError, match=f"takes split 'val', got '{split}'"):
        calibrate(world, "--split", split)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Modality": "CT", "BodyPartExamined": "CHEST"}, "its header says Modality CT"),
        ({"Modality": "MR"}, "its header says Modality MR"),
        ({"Modality": "DX", "BodyPartExamined": "HAND"}, "its header says body part HAND"),
        ({"Modality": "DX", "BodyPartExamined": "CHEST"}, ""),
        ({}, ""),
    ],
)
def test_a_dicom_header_of_another_kind_is_an_abstention(world, tmp_path, tags, reason):
    pytest.importorskip("pydicom", reason="needs the extra 'dicom'")
    from dicom_fakes import film

    film(**tags).save_as(tmp_path / "film.dcm", enforce_file_format=True)
    (result,) = radz.load(world / "model").predict([tmp_path / "film.dcm"], ["effusion"])
    assert result.error is None
    assert result.abstained.startswith(reason)
    assert bool(result.abstained) == bool(reason)
    assert len(result.findings) == 1
