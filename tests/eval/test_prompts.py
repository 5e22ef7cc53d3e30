"""How much a result depends on the wording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eval_fakes import make_table
from radz.errors import ScoresError
from radz.eval.prompts import prompt_sensitivity
from radz.metrics.summary import summarise


def evaluated(shift, name):
    labels = np.tile([1.0, 0.0], 40)
    table = make_table(np.random.default_rng(0).normal(size=80) + shift * labels, labels)
    return summarise(replace(table, provenance=replace(table.provenance, prompts=name)), draws=20)


def test_median_and_worst_over_wordings():
    each = [evaluated(shift, name) for shift, name in ((2, "a"), (0, "b"), (1, "c"))]
    sensitivity = prompt_sensitivity(each)
    values = [evaluation.macro.auroc_within.value for evaluation in each]
    assert sensitivity.worst.prompt == "b"
    assert sensitivity.worst.auroc_within == each[1].macro.auroc_within
    assert sensitivity.median == values[2]
    assert sensitivity.spread == {"effusion": (values[2], values[1])}
    with pytest.raises(ScoresError, match="needs scores of at least one wording"):
        prompt_sensitivity([])
    other = summarise(make_table(np.arange(60.0), np.tile([1.0, 0.0], 30)), draws=5)
    with pytest.raises(ScoresError, match="wordings are compared on the same"):
        prompt_sensitivity([each[0], other])
