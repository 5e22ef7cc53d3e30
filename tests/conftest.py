"""What several tests share."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models: two workers with a thread each beat one with two


@pytest.fixture(scope="session")
def llava_dir(tmp_path_factory):
    """Directory of a tiny LLaVA checkpoint."""
    from tiny import save_tiny_llava

    return save_tiny_llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="session")
def tiny_checkpoint(llava_dir, tmp_path_factory):
    """Directory of a tiny checkpoint of ours that was trained with labels of pneumonia, on one recorded image."""
    from radz.leakage.membership import pack_ids
    from radz.model.checkpoint import save_checkpoint
    from radz.provenance import Provenance
    from radz.types import Study
    from tiny import tiny_model

    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    provenance = Provenance(
        corpus="chestxray14",
        split="train",
        supervised={"pneumonia": 4},
        trained_ids=pack_ids([Study("00000001_000.png", "1")], "chestxray14"),
    )
    save_checkpoint(tiny_model(llava_dir), directory, provenance)
    return directory


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory):
    """Three images, and one that is cut short, in a folder with a text file."""
    import numpy as np
    from PIL import Image

    root = tmp_path_factory.mktemp("images")
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (40, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{i}.png")
    (root / "cut.png").write_bytes((root / "0.png").read_bytes()[:200])
    (root / "notes.txt").write_text("not an image")
    return root


@pytest.fixture(scope="session")
def labelled_images(tmp_path_factory):
    """A manifest of 96 images of a patient each, bright where they show a mass; 48 train, 24 val, 24 test."""
    import numpy as np
    from PIL import Image

    root = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(0)
    lines = ["image,labels,patient,split,source,view"]
    for i in range(96):
        labels = ("Effusion", "Mass", "Mass;Effusion", "No Finding")[i % 4]
        pixels = rng.integers(0, 60, (32, 32), dtype=np.uint8)
        pixels[:16] += 180 if "Mass" in labels else 0
        Image.fromarray(pixels).save(root / f"{i}.png")
        split = "train" if i < 48 else "val" if i < 72 else "test"
        lines.append(f"{i}.png,{labels},p{i},{split},fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root / "manifest.csv"


@pytest.fixture(scope="session")
def _hash_records(tmp_path_factory):
    return tmp_path_factory.mktemp("hashes")


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory, _hash_records, monkeypatch):
    """No test reads or fills the user's cache of anchors and hashes; the prepared backbone stays where it is."""
    folder = tmp_path_factory.mktemp("anchor-cache")
    monkeypatch.setattr("radz.serve.predictor.cache_root", lambda: folder)
    monkeypatch.setattr("radz.storage.cache.hash_records", lambda: _hash_records)


@pytest.fixture
def default_signals():
    """Signals act, even where the test runner was started to ignore them (in the background, or by nohup)."""
    import signal

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
