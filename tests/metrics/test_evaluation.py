"""Result types of an evaluation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from eval_fakes import make_table
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import summarise


def test_left_out_lists_the_excluded_findings_with_the_reason():
    many, few = np.tile([1.0, 0.0], 20), (np.arange(40) < 3).astype(float)
    tables = [make_table(np.arange(40.0), y, concept=c) for c, y in {"mass": many, "nodule": few}.items()]
    evaluation = summarise(ScoresTable(pd.concat([t.rows for t in tables]), tables[0].provenance), draws=5)
    assert evaluation.left_out == {"nodule": "3 of 3 positives share a stratum with a negative, fewer than 10"}
    assert [finding.left_out == "" for finding in evaluation.findings] == [True, False]
