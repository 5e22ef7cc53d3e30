"""Our corpora opened on the public tables that come with torchxrayvision (its folder data/), without images."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pandas as pd

from radz.data.corpora.chestxray14 import BOXES, ENTRIES, TEST, TRAIN_VAL, ChestXray14
from radz.data.corpora.chexpert import CheXpert
from radz.data.corpora.open_i import OpenI
from radz.data.corpora.padchest import TABLE, PadChest


def open_chestxray14(data: Path, folder: Path) -> ChestXray14:
    """All images; the official lists are not among the tables, so all are put into train_val."""
    table = pd.read_csv(data / f"{ENTRIES[0]}.gz")
    table.to_csv(folder / ENTRIES[0], index=False)
    (folder / TRAIN_VAL).write_text("\n".join(table["Image Index"]), encoding="utf-8")
    (folder / TEST).touch()
    pd.read_csv(data / f"{BOXES}.gz").to_csv(folder / BOXES, index=False)
    return ChestXray14(folder, missing="later")


def open_chexpert(data: Path, folder: Path, **options: Any) -> CheXpert:
    """The training images."""
    (folder / "train.csv.gz").symlink_to(data / "chexpert_train.csv.gz")
    return CheXpert(folder, missing="later", **{"views": "all", **options})


def open_padchest(data: Path, folder: Path, **options: Any) -> PadChest:
    """All images."""
    (folder / f"{TABLE}.gz").symlink_to(data / f"{TABLE}.gz")
    return PadChest(folder, missing="later", **{"views": "all", **options})


def open_open_i(data: Path, folder: Path, **options: Any) -> OpenI:
    """All images."""
    with tarfile.open(data / "NLMCXR_reports.tgz") as archive:
        archive.extractall(folder, filter="data")
    return OpenI(folder, missing="later", **{"views": "all", **options})
