"""The contents of a page: one evaluated model, the models it is compared with, and their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from radz.calibration.reliability import Reliability
from radz.errors import ScoresError
from radz.eval.controls import Controls
from radz.eval.prompts import PromptSensitivity
from radz.metrics.curves import FindingCurves, finding_curves
from radz.metrics.evaluation import Comparison, Evaluation
from radz.metrics.hardest_cases import HardestCase
from radz.metrics.image_ranking import ImageRankings
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import ScoresTable, scores_sha256
from radz.report.blocks import Thumbnail


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model of the comparison; ``note`` says why it has no evaluation, where it has none.

    comparison: the evaluated model minus this one. reliability: of its calibrated probabilities; ``uncalibrated`` says
    why there is none. prompts, controls: of the evaluated model, if they were asked for. ranking: of findings within a
    study, by the evaluated model.
    """

    name: str
    evaluation: Evaluation | None = None
    comparison: Comparison | None = None
    note: str = ""
    reliability: Reliability | None = None
    uncalibrated: str = ""
    prompts: PromptSensitivity | None = None
    controls: Controls | None = None
    ranking: ImageRankings | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A study that the model gets wrong, without its id. image: a JPEG as base64, unless it could not be read."""

    case: HardestCase
    image: str | None

    def thumbnail(self, caption: str, alternative: str) -> Thumbnail | None:
        """The image under a caption; ``None`` without an image."""
        return Thumbnail(self.image, alternative, caption) if self.image else None


@dataclass(frozen=True, slots=True)
class Contents:
    """rows: the evaluated model first. curves: model -> concept -> curves. hashes: model -> SHA-256 of its scores."""

    rows: tuple[ModelRow, ...]
    curves: Mapping[str, Mapping[str, FindingCurves]] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        if not self.rows or self.rows[0].evaluation is None:
            raise ScoresError("A report needs an evaluated model, and the first row has no evaluation.")

    @classmethod
    def of(
        cls,
        rows: Sequence[ModelRow],
        tables: Mapping[str, ScoresTable],
        uncertain: UncertainPolicy = "ignore",
        cases: Sequence[Case] = (),
    ) -> Contents:
        """Contents with curves and hashes from the scores of ``rows``, by the same names.

        Raises ScoresError without an evaluation.
        """
        return cls(
            tuple(rows),
            {name: finding_curves(table, uncertain) for name, table in tables.items()},
            {name: scores_sha256(table) for name, table in tables.items()},
            tuple(cases),
        )

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation of the first model."""
        evaluation = self.rows[0].evaluation
        assert evaluation is not None
        return evaluation

    @property
    def evaluated(self) -> dict[str, Evaluation]:
        """Model -> evaluation, of all rows that have one."""
        return {row.name: row.evaluation for row in self.rows if row.evaluation}
