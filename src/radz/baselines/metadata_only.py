"""How far one gets without looking at the image: the positive rate among training studies of the same metadata.

Where an image comes from and how it was taken says much about its findings. A model that cannot beat this row
may have learned the source and not the disease. Within strata of the same keys its AUROC is 0.5 by construction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from radz.baselines._opening import BaselineContext, no_checkpoint
from radz.errors import ConfigError, CorpusError, LeakageError
from radz.types import Anchors, Presence, Scores, Study

SMOOTHING = 5.0
"""Weight of the overall rate in a cell's rate, in studies."""
Cell = tuple[str, ...]


class MetadataOnly:
    """Rate of each concept in the study's metadata cell, drawn towards the overall rate where the cell is small.

    rate = (present + s * overall) / (labelled + s), overall = (present + 1) / (labelled + 2) over all cells; uncertain
    and unlabelled studies do not count. An unseen cell has the overall rate, an unseen concept 0.5.
    """

    name = "metadata_only"

    def __init__(
        self, train_records: Iterable[Study], keys: Sequence[str] = ("source", "view"), smoothing: float = SMOOTHING
    ) -> None:
        """Count the training split.

        Raises LeakageError for a study of a test split, CorpusError for no study, ConfigError for no smoothing.
        """
        if smoothing <= 0:
            raise ConfigError(f"metadata_only needs a smoothing above 0 for unseen metadata, got {smoothing}.")
        self.keys, self.smoothing = tuple(keys), smoothing
        self._present: Counter[tuple[str, Cell | None]] = Counter()
        self._labelled: Counter[tuple[str, Cell | None]] = Counter()
        records = list(train_records)
        if not records:
            raise CorpusError(
                "metadata_only needs labelled training studies, got none: this corpus has no train split."
            )
        for study in records:
            self._count(study)

    @classmethod
    def open(cls, checkpoint: str | None, context: BaselineContext, *, smoothing: float = SMOOTHING) -> MetadataOnly:
        """Counted on the corpus's training split, by the keys that make the strata."""
        no_checkpoint(cls.name, checkpoint)
        return cls(context.train().records, context.strata, smoothing)

    @classmethod
    def example(cls, train: Sequence[Study]) -> MetadataOnly:
        """One for the contract test."""
        return cls(train)

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Smoothed positive rates: values (B, C) in (0, 1)."""
        values = [[self.rate(concept, self._cell(study)) for concept in anchors.concepts] for study in studies]
        array = np.array(values, dtype=np.float32).reshape(len(studies), len(anchors))
        return Scores(tuple(study.study_id for study in studies), anchors.concepts, array)

    def rate(self, concept: str, cell: Cell) -> float:
        """Smoothed positive rate of ``concept`` in a metadata cell (one value per key)."""
        everywhere, here = (concept, None), (concept, cell)
        overall = (self._present[everywhere] + 1) / (self._labelled[everywhere] + 2)
        return (self._present[here] + self.smoothing * overall) / (self._labelled[here] + self.smoothing)

    def _count(self, study: Study) -> None:
        if study.split == "test":
            raise LeakageError(
                "metadata_only was given a study of the test split to count; it may only count training studies. "
                "Open the corpus with split='train'."
            )
        for concept, presence in study.labels.items():
            for key in ((concept, None), (concept, self._cell(study))):
                self._present[key] += presence is Presence.PRESENT
                self._labelled[key] += presence in (Presence.PRESENT, Presence.ABSENT)

    def _cell(self, study: Study) -> Cell:
        return tuple(study.metadata.get(key, "") for key in self.keys)


plugin = MetadataOnly
