"""Reference rows that a model has to beat: one score per study, used as the score of every finding.

Such a row knows nothing about which finding is present. It shows how much of W a model gets by telling normal from
abnormal alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from radz.errors import ScoresError
from radz.metrics.score_matrix import UncertainPolicy, as_matrix
from radz.metrics.scores_file import LABEL_ONLY, ScoresTable
from radz.types import NORMAL

ANY_FINDING = "any_finding"
ABNORMALITY = "abnormality"
NO_STUDY_SCORE = "no score of this study"


def any_finding(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> ScoresTable:
    """The oracle bit: 1 for every finding of a study that shows any finding, else 0.

    It is made from the labels and is therefore a bound, not a model. Its A is 0.5 by construction, since all positives
    and all negatives that show another finding have the same score.
    """
    matrix = as_matrix(table, uncertain)
    scores = dict(zip(matrix.studies.tolist(), matrix.abnormal.astype(np.float64).tolist(), strict=True))
    return study_scores(table, scores, ANY_FINDING)


def abnormality(table: ScoresTable) -> ScoresTable:
    """A model's abnormality, minus its score of "no finding", used for every finding.

    Raises ScoresError if the table has no scores of "no finding".
    """
    normal = table.rows[(table.rows["concept"] == NORMAL) & (table.rows["note"] != LABEL_ONLY)]
    if normal.empty:
        raise ScoresError(
            f"The scores of '{table.provenance.model}' do not include '{NORMAL}', so they say nothing about "
            "abnormality. Score that finding too, or give a score for each study to study_scores."
        )
    scores = dict(zip(normal["study"], -normal["score"].to_numpy(dtype=np.float64), strict=True))
    return study_scores(table, scores, f"{table.provenance.model} {ABNORMALITY}")


def study_scores(table: ScoresTable, scores: Mapping[str, float], model: str) -> ScoresTable:
    """The table with one score for all findings of a study, study id -> score, under the name ``model``.

    Cells without a score stay without one, so that the row covers the same studies and findings. A study that is not
    in ``scores`` has none.
    """
    rows = table.rows[table.rows["concept"] != NORMAL]
    by_study = rows["study"].map(dict(scores)).astype("float32").where(rows["score"].notna())
    missing = by_study.isna() & rows["score"].notna()
    provenance = replace(
        table.provenance, model=model, fingerprint="", anchors="", prompts="", exposure={}, calibration={}, cost={}
    )
    return ScoresTable(
        rows.assign(score=by_study, note=rows["note"].where(~missing, NO_STUDY_SCORE)).reset_index(drop=True),
        provenance,
    )
