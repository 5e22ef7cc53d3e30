"""Numbers and names as they are printed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from radz.metrics.bootstrap import Difference, Interval
from radz.metrics.evaluation import Estimate
from radz.report.blocks import Cell
from radz.report.plots import Whisker

NO_VALUE = "–"


def finding_name(concept: str) -> str:
    """Words of a concept's id."""
    return concept.replace("_", " ")


def number(value: float, digits: int = 3, sign: str = "") -> str:
    """A number with a true minus; a dash where it is undefined. sign: ``+`` shows both."""
    if math.isnan(value):
        return NO_VALUE
    rounded = round(value, digits) + 0.0  # a zero without a minus
    return f"{rounded:{sign}.{digits}f}".replace("-", "−")


def between(interval: Interval, digits: int = 3, sign: str = "") -> str:
    """Both bounds of an interval; empty where it is undefined."""
    if math.isnan(interval.low):
        return ""
    return f"{number(interval.low, digits, sign)} to {number(interval.high, digits, sign)}"


def estimate(value: Estimate) -> Cell:
    """A metric with its interval."""
    return Cell(number(value.value), between(value.interval))


def difference(value: Difference) -> Cell:
    """A gain with its interval."""
    return Cell(number(value.value, sign="+"), between(value.interval, sign="+"))


def p_value(p: float) -> str:
    """A p-value, never as 0."""
    return "< 0.001" if p < 0.001 else number(p)


def share(part: float, digits: int = 0) -> str:
    """A share in percent."""
    return NO_VALUE if math.isnan(part) else f"{100 * part:.{digits}f} %"


def whisker(value: Estimate | Difference, style: int = 1) -> Whisker:
    """The same for a drawing."""
    return Whisker(value.value, value.interval.low, value.interval.high, style)


def counted(count: int, one: str, many: str = "") -> str:
    """A count with its noun, e.g. ``1 study``, ``2 studies``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def without_identifiers(options: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Options of a corpus by dotted key. Lists and paths may name patients: they become a count and a hash."""
    shown: dict[str, str] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            shown |= without_identifiers(value, f"{prefix}{key}.")
        else:
            shown[f"{prefix}{key}"] = _plain(value)
    return shown


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple) or "/" in text or "\\" in text:
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        what = counted(len(value), "entry", "entries") if isinstance(value, list | tuple) else "a path"
        return f"{what}, SHA-256 {digest}"
    return text
