"""The fourteen labels of CheXpert, which MIMIC-CXR has too, and the policies for uncertain and empty cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import pandas as pd

from radz.data.corpora._labels import Broader, Unlisted, complete
from radz.data.tables import ROW, column_of, require_columns
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

LABELS = (
    *("No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema"),
    *("Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture"),
    "Support Devices",
)
OPTIONAL = "No Finding"
"""The column that some copies of the radiologists' tables lack; the label is unlabelled then."""
Uncertain = Literal["separate", "ignore", "ones", "zeros"]
"""What an uncertain label (-1) becomes. ``separate``: it stays uncertain, and evaluation decides. ``ignore``:
unlabelled. ``ones``: present. ``zeros``: absent. "No Finding" never becomes present or absent."""

_CELLS = {"": Presence.UNLABELLED, "-1": Presence.UNCERTAIN, "0": Presence.ABSENT, "1": Presence.PRESENT}
_TURNED = {"ignore": Presence.UNLABELLED, "ones": Presence.PRESENT, "zeros": Presence.ABSENT}


def findings() -> tuple[str, ...]:
    """Concept ids of ``LABELS``, in their order."""
    return tuple(concept for concept, _ in _concepts())


def read_labels(
    table: pd.DataFrame, where: str, uncertain: Uncertain, unlisted: Unlisted, broader: Broader = "unlabelled"
) -> list[Mapping[str, Presence]]:
    """Labels of each row; rows with the same cells share one mapping.

    Where "No Finding" is set, nothing but a device is present or uncertain, so all other findings are absent. unlisted:
    what an empty cell means otherwise. Raises CorpusError for a missing column or a cell that is not a label.
    """
    require_columns(table, {f"label {name}": name for name in LABELS if name != OPTIONAL}, where)
    by_cells: dict[tuple[str, ...], Mapping[str, Presence]] = {}
    labels = []
    for row, cells in zip(table[ROW], zip(*(column_of(table, name) for name in LABELS), strict=True), strict=True):
        if cells not in by_cells:
            listed = _listed(cells, f"{where}: row {row}", uncertain)
            by_cells[cells] = complete(_without_findings(listed), findings(), unlisted, broader)
        labels.append(by_cells[cells])
    return labels


def _listed(cells: Sequence[str], where: str, uncertain: Uncertain) -> dict[str, Presence]:
    listed: dict[str, Presence] = {}
    for (concept, label), cell in zip(_concepts(), cells, strict=True):
        presence = _CELLS.get(cell.removesuffix(".0"))
        if presence is None:
            raise CorpusError(f"{where}: '{label}' is '{cell}', allowed are 1, 0, -1 and an empty cell.")
        if presence is Presence.UNCERTAIN and (concept != NORMAL or uncertain == "ignore"):
            presence = _TURNED.get(uncertain, presence)
        if presence is not Presence.UNLABELLED:
            listed[concept] = presence
    return listed


def _without_findings(listed: dict[str, Presence]) -> dict[str, Presence]:
    """The labels with every finding that the row leaves empty absent, where it has "No Finding"."""
    if listed.get(NORMAL) is not Presence.PRESENT:
        return listed
    knowledge = KnowledgeBase.load()
    others = (c for c in findings() if knowledge[c].kind == "finding" and c != NORMAL)
    return dict.fromkeys(others, Presence.ABSENT) | listed


@cache
def _concepts() -> list[tuple[str, str]]:
    knowledge = KnowledgeBase.load()
    return [(knowledge[label].id, label) for label in LABELS]
