"""What a page is about: one evaluated model, those it is compared with, and what is drawn of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radz.errors import ScoresError
from radz.metrics.curves import FindingCurves, finding_curves
from radz.metrics.evaluation import Evaluation
from radz.metrics.hardest_cases import HardestCase
from radz.metrics.scores_file import ScoresTable, UncertainPolicy, scores_sha256
from radz.report.blocks import Thumbnail
from radz.report.tables import ModelRow


@dataclass(frozen=True, slots=True)
class Case:
    """A study that the model is wrong about, without its id, and its film unless that could not be read."""

    case: HardestCase
    film: str | None

    def thumbnail(self, caption: str, alternative: str) -> Thumbnail | None:
        """The film under a caption; ``None`` without a film."""
        return Thumbnail(self.film, alternative, caption) if self.film else None


@dataclass(frozen=True, slots=True)
class Contents:
    """rows: the evaluated model first. curves: model -> concept -> curves. hashes: model -> SHA-256 of its scores."""

    rows: tuple[ModelRow, ...]
    curves: Mapping[str, Mapping[str, FindingCurves]]
    hashes: Mapping[str, str]
    cases: tuple[Case, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Sequence[ModelRow],
        tables: Mapping[str, ScoresTable],
        uncertain: UncertainPolicy = "ignore",
        cases: Sequence[Case] = (),
    ) -> Contents:
        """From rows and the scores that they are of, by the same names. Raises ScoresError without an evaluation."""
        if not rows or rows[0].evaluation is None:
            raise ScoresError("A report is of an evaluated model, and the first row has no evaluation.")
        return cls(
            tuple(rows),
            {name: finding_curves(table, uncertain) for name, table in tables.items()},
            {name: scores_sha256(table) for name, table in tables.items()},
            tuple(cases),
        )

    @property
    def evaluation(self) -> Evaluation:
        """Of the evaluated model."""
        found = self.rows[0].evaluation
        assert found is not None
        return found

    @property
    def evaluated(self) -> dict[str, Evaluation]:
        """Model -> evaluation, of all rows that have one."""
        return {row.name: row.evaluation for row in self.rows if row.evaluation}
