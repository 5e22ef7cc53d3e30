"""Numbers, intervals, p-values, percentages and names as text. No other module of the package formats them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from radz.report.blocks import Cell
from radz.storage import content_hash

if TYPE_CHECKING:
    from radz.metrics.bootstrap import Difference, Interval
    from radz.metrics.evaluation import Estimate

NO_VALUE = "–"
UNITS = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3}


def number(value: float | None, digits: int = 3, sign: str = "") -> str:
    """A number with a true minus; a dash where it is undefined. sign: ``+`` writes the plus, too."""
    if value is None or math.isnan(value):
        return NO_VALUE
    rounded = round(value, digits) + 0.0  # a zero without a minus
    return f"{rounded:{sign},.{digits}f}".replace("-", "−")


def shortest(value: float | None) -> str:
    """A number with as few digits as it has: ``0.5``, ``10``; a dash where it is undefined."""
    return NO_VALUE if value is None or math.isnan(value) else f"{value:g}".replace("-", "−")


def plain_number(value: float) -> str:
    """A number for another program, six significant digits: ``-0.0123457``."""
    return f"{value:.6g}"


def interval(low: float | None, high: float | None, digits: int = 3, sign: str = "") -> str:
    """``[0.620, 0.709]``; empty if it is undefined."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(low, digits, sign)}, {number(high, digits, sign)}]"


def bounds(value: Interval, digits: int = 3, sign: str = "") -> str:
    """Both bounds of a bootstrap interval, ``[0.620, 0.709]``; empty if it is undefined."""
    return interval(value.low, value.high, digits, sign)


def estimate(value: Estimate) -> Cell:
    """A metric with its interval."""
    return with_interval((value.value, value.interval.low, value.interval.high))


def difference(value: Difference) -> Cell:
    """A gain with its interval, both with their signs."""
    return with_interval((value.value, value.interval.low, value.interval.high), sign="+")


def with_interval(values: Sequence[float | None] | None, sign: str = "", empty: str = NO_VALUE) -> Cell:
    """A cell of (value, lower bound, upper bound, ...); ``empty`` where there are none or they are undefined."""
    if not values or values[0] is None or math.isnan(values[0]):
        return Cell(empty)
    value, low, high = values[:3]
    return Cell(number(value, sign=sign), interval(low, high, sign=sign))


def p_value(p: float | None) -> str:
    """A p-value, never as 0."""
    return "< 0.001" if p is not None and p < 0.001 else number(p)


def percent(share: float | None, digits: int = 0) -> str:
    """A share in [0, 1] as a percentage: ``97.5%``."""
    return NO_VALUE if share is None or math.isnan(share) else f"{number(100 * share, digits)}%"


def count(value: float) -> str:
    """A whole number with separators: ``1,495``."""
    return number(value, 0)


def counted(value: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 study``, ``2 studies``."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def span(values: Iterable[float], digits: int = 0) -> str:
    """The range of some numbers: ``12 to 15``, or the one number that they all are."""
    ordered = sorted(values)
    low, high = number(ordered[0], digits), number(ordered[-1], digits)
    return low if low == high else f"{low} to {high}"


def magnitude(value: float) -> str:
    """A count in thousands, millions and so on: ``139.0 M``."""
    for unit, size in UNITS.items():
        if value >= size:
            return f"{number(value / size, 1)} {unit}"
    return number(value, 0)


def yes_or_no(value: bool | None) -> str:
    """``yes``, ``no``, or nothing where it is unknown."""
    return "" if value is None else "yes" if value else "no"


def finding_name(concept: str) -> str:
    """Words of a concept's id."""
    return concept.replace("_", " ")


def without_identifiers(options: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Options of a corpus by dotted key. Lists and paths may name patients: they become a count and a hash."""
    shown: dict[str, str] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            shown |= without_identifiers(value, f"{prefix}{key}.")
        else:
            shown[f"{prefix}{key}"] = _without_identifier(value)
    return shown


def _without_identifier(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple):
        return f"{counted(len(value), 'entry', 'entries')}, SHA-256 {content_hash(text)[:12]}"
    return f"a path, SHA-256 {content_hash(text)[:12]}" if "/" in text or "\\" in text else text
