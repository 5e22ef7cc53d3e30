"""Typed errors: what came, what was allowed, what to do; and they survive a process boundary."""

from __future__ import annotations

import pickle

import pytest

from radz import errors
from radz.errors import MANY, MissingExtraError, RadzError, UnknownNameError


def test_an_unknown_name_is_answered_with_the_nearest_and_the_known():
    message = str(UnknownNameError("finding", "mas", ["effusion", "mass"]))
    assert message == "Unknown finding 'mas'. Did you mean 'mass'? Known: effusion, mass."
    assert str(UnknownNameError("plug-in", "x", [])) == "Unknown plug-in 'x'. Known: none."


def test_a_long_list_is_not_printed_but_the_hint_is():
    names = [f"name{i}" for i in range(MANY + 1)]
    message = str(UnknownNameError("finding", "nam7", names, "List them with `radz findings`."))
    assert message.startswith("Unknown finding 'nam7'. Did you mean 'name7'")
    assert "Known:" not in message
    assert message.endswith("List them with `radz findings`.")


def test_an_absent_extra_names_the_command_that_installs_it():
    message = str(MissingExtraError("Reading DICOM files", "pydicom", "dicom"))
    assert message == (
        "Reading DICOM files needs the package 'pydicom', which is not installed. "
        "Install it with: pip install 'radz[dicom]'"
    )


@pytest.mark.parametrize(
    "error", [UnknownNameError("split", "tset", ["test"], "hint"), MissingExtraError("A", "b", "c")], ids=repr
)
def test_errors_come_back_whole_from_another_process(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our kinds bytes
    assert (type(again), str(again)) == (type(error), str(error))


def test_every_error_can_be_caught_as_one():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 10
    assert all(issubclass(kind, RadzError) for kind in kinds)
