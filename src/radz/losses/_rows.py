"""Which rows of a batch a term is about, where some studies have a film or a report alone."""

from __future__ import annotations

from dataclasses import fields, replace

from torch import Tensor

from radz.types import Batch, Features


def places(batch: Batch) -> tuple[Tensor, Tensor] | None:
    """Rows (films, reports), (P,) each, of the P studies that have both; ``None`` where all have."""
    if batch.films is None or batch.reports is None:
        return None
    films, reports = (batch.films.unsqueeze(1) == batch.reports).nonzero(as_tuple=True)
    return films, reports


def paired(features: Features, batch: Batch) -> tuple[Features, Batch]:
    """Features and batch of the studies that have both film and report; the very same objects where all have.

    Of the batch, what losses read is kept: labels, and which text is whose.
    """
    rows = places(batch)
    if rows is None or batch.films is None:
        return features, batch
    films, reports = rows
    side = {f.name: films if f.name.startswith("image") else reports for f in fields(Features)}
    chosen = {name: _at(getattr(features, name), row) for name, row in side.items()}
    studies = batch.films[films]
    return Features(**chosen), _only(batch, studies, reports)


def reported(batch: Batch) -> Batch:
    """The batch of the studies that have a report, in the order of the reports."""
    return batch if batch.reports is None else _only(batch, batch.reports, None)


def _only(batch: Batch, studies: Tensor, reports: Tensor | None) -> Batch:
    texts = batch.text_index if reports is None or batch.text_index is None else batch.text_index[reports]
    return replace(
        batch,
        labels=_at(batch.labels, studies),
        uncertain=_at(batch.uncertain, studies),
        text_index=reports if texts is None else texts,
        films=None,
        reports=None,
    )


def _at(rows: Tensor | None, index: Tensor) -> Tensor | None:
    return None if rows is None else rows[index]
