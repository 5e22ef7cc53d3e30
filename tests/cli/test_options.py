"""Options that several commands share mean the same as in the packages below."""

from __future__ import annotations

from typing import get_args

from radz.cli.options import STRATA, Uncertain
from radz.eval import scoring
from radz.metrics.score_matrix import UncertainPolicy


def test_choices_are_those_of_the_packages():
    assert STRATA == scoring.STRATA
    assert {choice.value for choice in Uncertain} == set(get_args(UncertainPolicy))
