"""Reading images: `radz data check` and a training epoch against bare Pillow loops, and an epoch from shards.

Needs JPEGs: a table as the corpus `manifest` reads it, with the columns image, labels, patient_id, source and view.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from _timing import SHIPPED, print_table
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import AutoProcessor

from radz import registry
from radz.config import load_config
from radz.data.check import check
from radz.data.conversion import convert
from radz.model.backbones.smollm2 import CACHE_NAME, NEEDS_BYTES, prepare
from radz.model.processor import RadzProcessor
from radz.storage import prepared
from radz.training.data import open_training_data

SIZE = 224
DECODE, TENSOR = "Pillow: decode", "Pillow: decode, resize, tensor"


class PillowImages(Dataset[Tensor]):
    """The usual code: an image of the model's size as a tensor (1, 224, 224), one channel, no text."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        image = Image.open(self.paths[index]).convert("L").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(image)).float().div_(255).sub_(0.5).div_(0.5)[None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, default=Path(os.environ.get("RADZ_DEV_DATA", ".")) / "manifest.csv")
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not options.manifest.is_file():
        print(f"no images to read: {options.manifest} is not there; give --manifest or set RADZ_DEV_DATA")
        return
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        table, paths = write_table(options.manifest, Path(folder) / "manifest.csv", options.images)
        convert(registry.load("corpora", "manifest")(table), f"{folder}/shards", SIZE)
        compare(alternatives(table, paths, f"{folder}/shards", options.workers), options)


def alternatives(table: Path, paths: list[Path], shards: str, workers: int) -> dict[str, Callable[[], int]]:
    """Name -> one pass over all images; the number of images read."""

    def decode() -> int:
        with ThreadPoolExecutor(workers) as threads:
            return sum(1 for _ in threads.map(lambda path: np.asarray(Image.open(path)).shape, paths))

    def tensors() -> int:
        return sum(len(batch) for batch in DataLoader(PillowImages(paths), batch_size=64, num_workers=workers))

    def checked(compare_images: bool) -> Callable[[], int]:
        return lambda: check("manifest", table, workers=workers, compare_images=compare_images).images

    return {
        DECODE: decode,
        TENSOR: tensors,
        "check, without comparing images": checked(False),
        "check": checked(True),
        "epoch from files": epoch("manifest", str(table), workers, augment=False),
        "epoch from shards": epoch("shards", shards, workers, augment=False),
        "epoch from files, augmented": epoch("manifest", str(table), workers, augment=True),
        "epoch from shards, augmented": epoch("shards", shards, workers, augment=True),
    }


def epoch(corpus: str, root: str, workers: int, *, augment: bool) -> Callable[[], int]:
    """One epoch of the training loader: images and written sentences to batches of 64, without the model."""
    settings = [f"data.corpus={corpus}", f"data.root={root}", "data.options={}", "data.cached_views=0"]
    settings += [f"data.augment={str(augment).lower()}", f"train.workers={workers}", "train.batch_size=64"]
    config = load_config(SHIPPED, settings)
    data = open_training_data(config.data, config.seed)
    processor = AutoProcessor.from_pretrained(prepared(CACHE_NAME, prepare, NEEDS_BYTES))
    design = registry.load("tokens", config.model.tokens.design)(config.model.tokens.count)
    model: Any = SimpleNamespace(processor=RadzProcessor(processor, design, config.model))
    loader = data.loader(model, config, 64, data.concepts)
    return lambda: sum(len(batch.pixel_values) for batch in loader)


def compare(passes: dict[str, Callable[[], int]], options: argparse.Namespace) -> None:
    """Time the passes in turn, a round to warm the page cache first, and print wall and processor seconds."""
    wall: dict[str, list[float]] = {name: [] for name in passes}
    work: dict[str, list[float]] = {name: [] for name in passes}
    images: dict[str, int] = {}
    for turn in range(options.repeats + 1):
        for name, run in passes.items():
            start, before = time.perf_counter(), processor_seconds()
            images[name] = run()
            if turn:
                wall[name].append((time.perf_counter() - start) / images[name] * 1e3)
                work[name].append((processor_seconds() - before) / images[name] * 1e3)
    rows = [
        (
            name,
            f"{statistics.median(wall[name]):.2f}",
            f"{statistics.median(work[name]):.2f}",
            *(f"{speed(wall, base, name)} / {speed(work, base, name)}" for base in (DECODE, TENSOR)),
            f"{speed(wall, files, name)} / {speed(work, files, name)}" if (files := of_files(name)) else "",
        )
        for name in passes
    ]
    header = ("", "wall ms per image", "processor ms", f"x {DECODE}", f"x {TENSOR}", "x same from files")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    title = f"{max(images.values())} images, {options.workers} workers; speed by wall / by processor time; load {load}"
    print_table(title, header, rows)


def speed(seconds: dict[str, list[float]], base: str, name: str) -> str:
    """How many times as fast as ``base``: the median of the ratios within each round."""
    return f"{statistics.median(b / s for b, s in zip(seconds[base], seconds[name], strict=True)):.2f}"


def of_files(name: str) -> str:
    """The same epoch from files, for one from shards."""
    return name.replace("shards", "files") if "shards" in name else ""


def processor_seconds() -> float:
    """Seconds of processor time of this process and of its workers that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def write_table(manifest: Path, path: Path, count: int) -> tuple[Path, list[Path]]:
    """A table of the first ``count`` JPEGs, all in train, with the labels of NIH's; and their paths."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["image"].endswith(".jpg")][:count]
    paths = [manifest.parent / row["image"] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "patient", "split", "labels", "source", "view"))
        for row, image in zip(rows, paths, strict=True):
            labels = row["labels"] if "nih" in row["dataset"] else ""
            writer.writerow((image, row["patient_id"] or image.name, "train", labels, row["source"], row["view"]))
    return path, paths


if __name__ == "__main__":
    main()
