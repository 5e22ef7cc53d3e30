"""Output of other libraries while a model loads."""

from __future__ import annotations

import sys
import warnings

import pytest
from transformers.utils import logging

from radz.model.quiet import quietly


def test_warnings_and_standard_error_are_hidden(capsys, recwarn):
    with quietly():
        warnings.warn("deprecated", stacklevel=1)
        print("0 % loaded", file=sys.stderr)
    assert capsys.readouterr().err == ""
    assert not recwarn.list


def test_errors_are_raised_and_the_verbosity_comes_back():
    before = logging.get_verbosity()
    with quietly():
        assert logging.get_verbosity() == logging.ERROR
    with pytest.raises(ValueError, match="invalid literal"), quietly():
        int("no number")
    assert logging.get_verbosity() == before
