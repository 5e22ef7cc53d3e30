"""The rows of a batch that a loss term uses, if some studies have only an image or only a report."""

from __future__ import annotations

from dataclasses import fields

from torch import Tensor

from radz.types import BatchRows, Features


def paired(features: Features, rows: BatchRows) -> tuple[Features, BatchRows]:
    """Features (P, D) and rows of the P studies that have both an image and a report."""
    images, reports = rows.pairs()
    side = {field.name: images if field.name.startswith("image") else reports for field in fields(Features)}
    chosen = {name: _take(getattr(features, name), index) for name, index in side.items()}
    studies = rows.images[images]
    pairs = BatchRows.of_pairs(rows.labels[studies], rows.texts[reports], rows.uncertain[studies])
    return Features(**chosen), pairs


def _take(values: Tensor | None, index: Tensor) -> Tensor | None:
    """Rows ``index`` (P,) of values (N, ...); ``None`` if there are none."""
    return None if values is None else values[index]
