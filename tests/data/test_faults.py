"""Faults are raised at once, or collected while a corpus is checked."""

from __future__ import annotations

import pytest

from radz.data.faults import notable, noting
from radz.errors import CorpusError, LeakageError


def open_corpus():
    with notable():
        raise CorpusError("no label")
    with notable():
        raise LeakageError("two splits")
    return "corpus"


def test_the_first_fault_is_raised():
    with pytest.raises(CorpusError, match="no label"):
        open_corpus()


def test_all_faults_are_collected_while_noting_and_raised_again_afterwards():
    with noting() as errors:
        assert open_corpus() == "corpus"
    assert [str(error) for error in errors] == ["no label", "two splits"]
    with pytest.raises(CorpusError):
        open_corpus()


def test_other_errors_are_never_collected():
    with noting() as errors, pytest.raises(KeyError), notable():
        raise KeyError("a defect of the corpus's code")
    assert errors == []
