"""Options of a corpus, checked against the signature of its class before it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from radz.errors import ConfigError, UnknownNameError


def require_options(plugin: Callable[..., Any], name: str, options: Mapping[str, object]) -> None:
    """Check ``options`` of the corpus ``name``: the keyword-only parameters of ``plugin``, a class or a function.

    Raises UnknownNameError for an option that the corpus does not have, ConfigError for a value of the wrong type.
    """
    hints = _option_hints(plugin)
    for option, value in options.items():
        if option in hints:
            _require_value(name, option, value, hints[option])
        elif not _takes_any_option(plugin):
            raise UnknownNameError(f"option of {name}", option, hints)


@cache
def _option_hints(plugin: Callable[..., Any]) -> dict[str, Any]:
    """Option -> type hint; ``Any`` where the parameter has none."""
    called = plugin.__init__ if isinstance(plugin, type) else plugin  # type: ignore[misc]  # a class's own, no instance
    hints = get_type_hints(called)
    parameters = signature(plugin).parameters.values()
    return {p.name: hints.get(p.name, Any) for p in parameters if p.kind is p.KEYWORD_ONLY}


@cache
def _takes_any_option(plugin: Callable[..., Any]) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in signature(plugin).parameters.values())


def _require_value(name: str, option: str, value: object, hint: Any) -> None:
    try:
        TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value, strict=True)
    except ValidationError as error:
        if get_origin(hint) is Literal:
            wanted = f"allowed are {', '.join(map(repr, get_args(hint)))}"
        else:
            wanted = "; ".join(dict.fromkeys(complaint["msg"] for complaint in error.errors()))
        raise ConfigError(f"{name}: the option {option} is {value!r}, {wanted}.") from None
