"""``radz predict`` on real files, over a tiny checkpoint."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from radz.cli import app
from radz.serve.predictor import Predictor
from radz.types import RESEARCH_USE


def command(checkpoint, *arguments):
    return CliRunner().invoke(app, ["predict", "--model", str(checkpoint), *map(str, arguments)])


def test_table(tiny_checkpoint, image_folder):
    done = command(tiny_checkpoint, image_folder / "0.png", "--top", "2")
    assert done.exit_code == 0
    assert RESEARCH_USE in done.stdout
    assert sum("supervised" in line or "related" in line or "unseen" in line for line in done.stdout.splitlines()) == 2


def test_csv_is_long_and_lists_the_refused(tiny_checkpoint, image_folder):
    done = command(tiny_checkpoint, image_folder, "--format", "csv")
    assert done.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == [
        "image",
        "finding",
        "score",
        "probability",
        "exposure",
        "note",
        "in_set",
        "abstained",
        "percentile",
    ]
    refused = [row for row in rows if not row["finding"]]
    assert len(refused) == 1
    assert refused[0]["image"].endswith("cut.png")
    assert refused[0]["note"].startswith("refused: ")
    scored = [row for row in rows if row["finding"]]
    assert len({row["image"] for row in scored}) == 3
    assert all(np.isfinite(float(row["score"])) and row["probability"] == "" and row["exposure"] for row in scored)
    assert "1 of 4 images were refused" in done.stderr


def test_json_mirrors_it_and_goes_to_a_file(tiny_checkpoint, image_folder, tmp_path):
    out = tmp_path / "out.json"
    done = command(tiny_checkpoint, image_folder / "0.png", "--finding", "mass", "--format", "json", "--out", out)
    assert done.exit_code == 0
    assert done.stdout == ""
    document = json.loads(out.read_text())
    assert document["notice"] == RESEARCH_USE
    (result,) = document["results"]
    (finding,) = result["findings"]
    assert finding["name"] == "mass"
    assert finding["probability"] is None


def test_takes_a_disease_from_a_file(tiny_checkpoint, image_folder, tmp_path):
    (tmp_path / "own.yaml").write_text("silicosis: {name: silicosis, appearance: [upper zone nodules]}\n")
    done = command(
        tiny_checkpoint,
        image_folder / "0.png",
        "--findings-file",
        tmp_path / "own.yaml",
        "--finding",
        "silicosis",
        "--format",
        "csv",
    )
    assert done.stdout.splitlines()[1].split(",")[1] == "silicosis"


def test_inverts_a_negative(tiny_checkpoint, image_folder, tmp_path):
    pixels = 255 - np.asarray(Image.open(image_folder / "0.png"))
    Image.fromarray(pixels).save(tmp_path / "negative.png")
    straight = command(tiny_checkpoint, image_folder / "0.png", "--finding", "mass", "--format", "csv")
    turned = command(tiny_checkpoint, tmp_path / "negative.png", "--inverted", "--finding", "mass", "--format", "csv")
    got, expected = (float(line.split(",")[2]) for line in (done.stdout.splitlines()[1] for done in (turned, straight)))
    assert got == pytest.approx(expected, abs=1e-5)  # 1 - (1 - x) rounds


def test_an_error_is_one_line_and_exit_code_two(tmp_path):
    arguments = [sys.executable, "-m", "radz", "predict", str(tmp_path / "x.png"), "--model", str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "has no config.json" in line
    assert "Traceback" not in done.stderr


def test_paths_that_give_no_image_are_refused_before_the_model_is_loaded(tmp_path, image_folder):
    no_model = tmp_path / "none"
    (tmp_path / "empty").mkdir()
    for arguments, reason in (
        ([""], "One of the paths is empty. Name an image or a folder"),
        ([image_folder, "--out", tmp_path / "none" / "x.csv"], "none is no folder. Make it first"),
        ([image_folder, "--format", "csv", "--out", tmp_path], "is a folder, so no file can be written there"),
    ):
        assert reason in str(command(no_model, *arguments).exception)


def test_an_empty_folder_is_listed_and_the_others_are_scored(tiny_checkpoint, tmp_path, image_folder):
    done = command(tiny_checkpoint, tmp_path, image_folder / "0.png", "--finding", "mass", "--format", "csv")
    assert done.exit_code == 1
    empty, scored = csv.DictReader(io.StringIO(done.stdout))
    assert scored["finding"] == "mass"
    assert empty["image"] == str(tmp_path)
    assert f"refused: {tmp_path}: " in done.stderr
    assert "no image in this folder or below" in done.stderr
    alone = command(tiny_checkpoint, tmp_path)
    assert "no image in this folder or below" in str(alone.exception)


def test_the_first_images_can_be_skipped(tiny_checkpoint, image_folder):
    done = command(tiny_checkpoint, image_folder, "--skip", "3", "--finding", "mass", "--format", "csv")
    assert [row["image"][-5:] for row in csv.DictReader(io.StringIO(done.stdout))] == ["cut.png"[-5:]]
    refused = command(tiny_checkpoint, image_folder, "--skip", "4")
    assert "--skip 4 leaves no image: there are 4. Give a smaller number." in str(refused.exception)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_keeps_what_is_done_and_says_how_to_go_on(
    number, tiny_checkpoint, image_folder, tmp_path, monkeypatch
):
    out, read = tmp_path / "out.json", Predictor._read_or_refuse

    def read_and_interrupt(self, path):
        if path.name == "2.png":
            os.kill(os.getpid(), number)
        return read(self, path)

    monkeypatch.setattr(Predictor, "_read_or_refuse", read_and_interrupt)
    films = [image_folder / f"{i}.png" for i in range(3)]
    arguments = ["--batch-size", "1", "--finding", "mass", "--out", out]
    done = command(tiny_checkpoint, *films, *arguments)
    assert done.exit_code == 128 + number
    results = json.loads(out.read_text())["results"]
    assert [result["image"] for result in results] == [str(film) for film in films[: len(results)]]
    assert 1 <= len(results) < 3
    assert (
        f"Interrupted by {number.name}: {len(results)} of 3 images are done, their results are in {out}" in done.stderr
    )
    assert f"run the same command with --skip {len(results)} and another --out" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no text")
def test_a_name_that_is_no_text_costs_nothing(tiny_checkpoint, image_folder, tmp_path):
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
    shutil.copyfile(image_folder / "0.png", odd)
    for format_ in ("csv", "json", "table"):
        arguments = [sys.executable, "-m", "radz", "predict", tmp_path, "--finding", "mass", "--format", format_]
        done = subprocess.run([*arguments, "--model", tiny_checkpoint], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.strip()) == (0, "")
        assert "caf\\udce9.png" in done.stdout
