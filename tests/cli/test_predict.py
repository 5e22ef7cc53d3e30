"""``radz predict`` on real files, over a tiny checkpoint."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from radz.cli import app
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
    assert list(rows[0]) == ["image", "finding", "score", "probability", "exposure", "note", "in_set", "abstained"]
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
