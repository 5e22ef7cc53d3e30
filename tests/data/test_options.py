"""Options of a corpus are checked before it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from radz.data.options import require_options
from radz.errors import ConfigError, UnknownNameError


def corpus(
    root,
    split=None,
    *,
    views: Literal["one", "all"] = "one",
    val_fraction: float = 0.1,
    tables: Path | str | None = None,
    where: dict[str, object] | None = None,
    extra=None,
):
    """A corpus with an option of each kind."""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"views": "all", "val_fraction": 0},
        {"tables": "folder"},
        {"tables": Path("folder"), "where": {"view": ["PA"]}},
        {"tables": None, "extra": object()},
    ],
)
def test_options_of_the_right_type_pass(options):
    require_options(corpus, "tiny", options)


def test_an_unknown_option_names_the_nearest_and_all():
    with pytest.raises(
        UnknownNameError,
        match=r"Unknown option of tiny 'val_fractoin'. Did you mean 'val_fraction'\? Known: extra, tables, val",
    ):
        require_options(corpus, "tiny", {"val_fractoin": 0.2})


@pytest.mark.parametrize("name", ["root", "split"])
def test_what_is_not_an_option_is_refused_too(name):
    with pytest.raises(UnknownNameError, match=f"Unknown option of tiny '{name}'"):
        require_options(corpus, "tiny", {name: "x"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"views": "both"}, "tiny: the option views is 'both', allowed are 'one', 'all'"),
        ({"val_fraction": "a"}, "the option val_fraction is 'a', Input should be a valid number"),
        ({"val_fraction": True}, "the option val_fraction is True"),
        ({"tables": 3}, "the option tables is 3, .*Path; Input should be a valid string"),
        ({"where": ["view"]}, "the option where is .*valid dictionary"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        require_options(corpus, "tiny", options)


def test_a_corpus_that_takes_any_option_gets_them():
    require_options(lambda root, split=None, **options: None, "third party", {"anything": 1})
