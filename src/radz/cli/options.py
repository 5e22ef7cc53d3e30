"""What several commands take: ``key=value`` options, what uncertain labels count as, and how a result is written."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import yaml

from radz.errors import ConfigError


class Format(StrEnum):
    """How a command's result is written."""

    TABLE = "table"
    JSON = "json"


class Uncertain(StrEnum):
    """What an uncertain label counts as."""

    IGNORE = "ignore"
    ONES = "ones"
    ZEROS = "zeros"
    SEPARATE = "separate"


def parse_options(options: Iterable[str]) -> dict[str, Any]:
    """``a.b=value`` with YAML values -> {"a": {"b": value}}.

    Raises ConfigError for an option without ``=``, a value that is no YAML, and a key that is a value and a section.
    """
    tree: dict[str, Any] = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--option takes key=value, got '{option}'. Example: --option where.view=PA")
        *parents, leaf = key.strip().split(".")
        section = tree
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ConfigError(f"--option {option}: '{parent}' was given a value before, it cannot hold '{leaf}'.")
        section[leaf] = _value(option, text)
    return tree


def _value(option: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--option {option}: the value is not valid YAML: {error}") from None
