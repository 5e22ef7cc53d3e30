"""What ``evaluate`` and ``compare`` return: rows, raw scores and files, as a table, a data frame or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radz.leakage.claims import claim_statement, named_by_claim
from radz.metrics.evaluation import Evaluation
from radz.metrics.finding_ranks import METRICS
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import ScoresTable
from radz.report.contents import ModelRow
from radz.report.format import estimate
from radz.report.record import as_record

if TYPE_CHECKING:
    import pandas as pd

    from radz.report.contents import Case


@dataclass(frozen=True)
class EvaluationResult:
    """One evaluated model, with the models that it is compared with.

    rows: the evaluated model first. tables: raw scores by model. files: where scores were written, by model.
    """

    rows: Sequence[ModelRow]
    tables: Mapping[str, ScoresTable] = field(repr=False)
    files: Mapping[str, Path] = field(default_factory=dict, repr=False)
    uncertain: UncertainPolicy = "ignore"

    @property
    def evaluation(self) -> Evaluation:
        """Of the evaluated model."""
        evaluation = self.rows[0].evaluation
        assert evaluation is not None, "the evaluated model always has an evaluation"
        return evaluation

    @property
    def unreadable(self) -> Mapping[str, str]:
        """Study id -> why its image could not be read."""
        return self.evaluation.provenance.unreadable

    def to_frame(self) -> pd.DataFrame:
        """One line per model and finding: counts, each metric with its interval, exposure. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(
            [_finding_line(row.name, row.evaluation, i) for row in self.rows if row.evaluation
             for i in range(len(row.evaluation.findings))]
        )  # fmt: skip

    def to_json(self, indent: int | None = 2) -> str:
        """Everything as one JSON document, the same as `radz evaluate --format json`."""
        return json.dumps(self.as_record(), indent=indent, ensure_ascii=False, default=str)

    def as_record(self) -> dict[str, Any]:
        """Everything as plain values."""
        return as_record(self.rows)

    def write_report(self, paths: Sequence[Path], cases: Sequence[Case] = ()) -> list[Path]:
        """Write the evaluation as pages (.html, .md or .json); where they are. A supervised run is named so."""
        from radz.report.contents import Contents
        from radz.report.page import write

        contents = Contents.of(self.rows, self.tables, self.uncertain, cases)
        named = [named_by_claim(path, self.evaluation.provenance.claim) for path in paths]
        for path in named:
            write(contents, path)
        return named

    def hardest_cases(self, root: Path, count: int) -> tuple[Case, ...]:
        """The ``count`` most missed studies and false alarms of each averaged finding, with their images.

        root: directory of the corpus that the scores name.
        """
        from radz.data.views.folds import Fold, open_corpus
        from radz.metrics.hardest_cases import hardest_cases
        from radz.report.thumbnails import with_images

        table = self.tables[self.rows[0].name]
        provenance = table.provenance
        cases = hardest_cases(table, self.evaluation.macro.concepts, count, self.uncertain)
        fold = Fold.parse(provenance.fold) if provenance.fold else None
        corpus = open_corpus(provenance.corpus, root, provenance.split, provenance.options, fold)
        return with_images(cases, corpus)

    def __repr__(self) -> str:
        provenance, evaluation = self.evaluation.provenance, self.evaluation
        where = " ".join(filter(None, (provenance.corpus, provenance.split)))
        statement = claim_statement(provenance, [finding.concept for finding in evaluation.findings])
        lines = [f"{evaluation.studies} studies of {evaluation.patients} patients from {where or 'a scores file'}"]
        lines += [_model_line(row) for row in self.rows]
        return f"<{type(self).__name__}: {'; '.join(lines)}; {statement}>"


def _model_line(row: ModelRow) -> str:
    if row.evaluation is None:
        return f"{row.name}: {row.note}"
    macro = row.evaluation.macro
    return f"{row.name} {estimate(macro.auroc_within)}, against abnormal {estimate(macro.auroc_abnormal)}"


def _finding_line(model: str, evaluation: Evaluation, index: int) -> dict[str, Any]:
    finding = evaluation.findings[index]
    line: dict[str, Any] = {
        "model": model,
        "finding": finding.concept,
        "positives": finding.positives,
        "negatives": finding.negatives,
        "comparable": finding.comparable,
        "comparable_abnormal": finding.comparable_abnormal,
        "negatives_abnormal": finding.negatives_abnormal,
    }
    for metric in METRICS:
        estimate = getattr(finding, metric)
        line |= {
            metric: estimate.value,
            f"{metric}_low": estimate.interval.low,
            f"{metric}_high": estimate.interval.high,
        }
    return line | {"exposure": evaluation.provenance.exposure.get(finding.concept), "left_out": finding.left_out}
