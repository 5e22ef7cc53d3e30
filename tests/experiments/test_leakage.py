"""A checkpoint scored on the films it was trained on is never called zero-shot, by whichever door it comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from radz import registry
from radz.cli import app
from radz.errors import LeakageError
from radz.leakage.membership import pack_ids
from radz.metrics.scores_file import read_scores, write_scores
from radz.model.checkpoint import load_checkpoint, save_checkpoint
from radz.provenance import Provenance
from radz.types import Study
from tiny import tiny_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory, llava_dir):
    """48 films, and a checkpoint that was trained on all of them with labels of other findings."""
    root = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(48):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(root / f"{i}.png")
        labels = ("Effusion", "Mass", "Effusion;Mass", "No Finding")[i % 4]
        lines.append(f"{i}.png,{labels},p{i},test,a,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    films = registry.load("corpora", "manifest")(root / "manifest.csv", split="test", unlisted="absent")
    trained_ids = pack_ids(films.records, "manifest")
    provenance = Provenance(
        corpus="manifest", split="train", supervised={"hernia": 3}, corpora=("manifest",), trained_ids=trained_ids
    )
    save_checkpoint(tiny_model(llava_dir), root / "ours", provenance)
    return root


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)


def on_films(root):
    return ("--corpus", "manifest", "--root", root / "manifest.csv", "--option", "unlisted=absent", "--draws", "20")


def test_evaluate_refuses_films_that_were_trained_on(trained, tmp_path):
    with pytest.raises(LeakageError, match="48 of 48 studies have an image in the training data"):
        run("evaluate", "--model", trained / "ours", *on_films(trained), "--zero-shot", "--out", tmp_path)


def test_compare_refuses_films_that_were_trained_on(trained, tmp_path):
    """Also for findings that the model has not seen: a manifest of its films with other labels is no way round."""
    with pytest.raises(
        LeakageError, match=r"'ours' cannot be compared on these images: 48 of 48 studies have an image"
    ):
        run("compare", "chance", trained / "ours", *on_films(trained), "--no-cost", "--out", tmp_path)
    assert not [*tmp_path.iterdir()], "nothing was scored"


def test_scores_of_compare_keep_the_overlap(trained, tmp_path):
    allowed = run(
        "compare", trained / "ours", "chance", *on_films(trained), "--no-cost", "--out", tmp_path, "--allow-supervised"
    )
    assert allowed.exit_code == 0
    assert "a supervised result" in allowed.stdout
    (scores,) = tmp_path.glob("scores-ours-*.parquet")
    with pytest.raises(LeakageError, match="48 of 48 studies have an image in the training data"):
        run("evaluate", "--from-scores", scores, "--zero-shot", "--draws", "20")


def test_scores_without_a_record_of_overlap_are_never_called_zero_shot(trained, tmp_path):
    """What radz 0.1 wrote through `compare`: exposure, and no word of the images."""
    run("evaluate", "--model", trained / "ours", *on_films(trained), "--out", tmp_path / "mine.parquet")
    table = read_scores(tmp_path / "mine.parquet")
    forgotten = replace(table.provenance, overlap=(), overlap_checked=False)
    write_scores(replace(table, provenance=forgotten), tmp_path / "old.parquet")
    with pytest.raises(LeakageError, match="its images were not compared with those it was trained on"):
        run("evaluate", "--from-scores", tmp_path / "old.parquet", "--zero-shot", "--draws", "20")
    shown = run("evaluate", "--from-scores", tmp_path / "old.parquet", "--draws", "20")
    assert "all unseen: not a zero-shot result" in " ".join(shown.stdout.split())


def test_a_copy_of_the_films_under_other_names_of_a_corpus_is_refused_too(trained, tmp_path):
    """The same NIH film names in a manifest: a name with many digits is the same film in every corpus."""
    lines = ["image,labels,patient,split,source,view"]
    for i in range(4):
        name = f"0000000{i}_000.png"
        (tmp_path / name).write_bytes((trained / f"{i}.png").read_bytes())
        lines.append(f"{name},{('Effusion', 'Mass', 'Effusion;Mass', 'No Finding')[i]},q{i},test,b,PA")
    (tmp_path / "copy.csv").write_text("\n".join(lines) + "\n")
    films = [Study(f"0000000{i}_000.png", f"{i}") for i in range(4)]
    provenance = Provenance(corpus="chestxray14", split="train", trained_ids=pack_ids(films, "chestxray14"))
    save_checkpoint(load_checkpoint(trained / "ours")[0], tmp_path / "nih", provenance)
    where = ("--corpus", "manifest", "--root", tmp_path / "copy.csv", "--option", "unlisted=absent")
    with pytest.raises(LeakageError, match="4 of 4 studies have an image in the training data"):
        run("compare", tmp_path / "nih", "chance", *where, "--no-cost", "--out", tmp_path / "out")
