"""What scoring costs, measured after an evaluation and kept with its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radz.metrics.scores_file import ScoresTable
    from radz.types import Anchors, ZeroShotModel


def with_costs(
    tables: Mapping[str, ScoresTable],
    models: Mapping[str, ZeroShotModel],
    corpus: Any,
    anchors: Anchors,
    *,
    batch_size: int,
    trained: int,
) -> dict[str, ScoresTable]:
    """The tables, each with its model's cost on the first readable films. trained: parameters of the first model."""
    from radz.data.studies import readable
    from radz.eval.cost import measure_cost

    films = list(islice(readable(corpus), batch_size))
    costed = {}
    for i, (name, table) in enumerate(tables.items()):
        own = trained if i == 0 else None
        cost = measure_cost(models[name], films, anchors, batch_size=batch_size, trained_parameters=own)
        costed[name] = replace(table, provenance=replace(table.provenance, cost=asdict(cost)))
    return costed
