"""Which claims held, in words: ours next to the claims, by the intervals of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from published import Published
from radz.experiments.ablation.record import Record
from radz.report.blocks import Row, Table, row, table
from radz.report.format import number, p_value, with_interval

CLAIMING = ("components", "tokens", "anchors")
"""Ablations for which the source article claims a gain of one row over the first."""


def gains_table(records: Mapping[str, Record], published: Published) -> Table | None:
    """The gain that the article claims for the whole method in each ablation, next to ours; nothing if none was run."""
    rows = [_gain(records[name], published.claims.get(name, {})) for name in CLAIMING if name in records]
    shown = [each for each in rows if each]
    columns = ("difference", "claimed", "ours", "p", "outcome")
    return table("Claimed gains", columns, shown, words={"outcome"}) if shown else None


def _gain(record: Record, claims: Mapping[str, float]) -> Row | None:
    """The arm with the best claim minus the first arm; nothing if it was not run."""
    arms, first = record["arms"], next(iter(record["arms"]))
    best = max((name for name in arms if name in claims), key=lambda name: claims[name], default=first)
    ours = arms[best].get("difference")
    if best == first or not ours:
        return None
    claim = (claims[best] - claims[first]) / 100 if first in claims else None
    complete = arms[best]["done"] == arms[best]["cells_planned"]
    outcome = _outcome(ours, claim) + ("" if complete else "; some runs are missing")
    shown = "" if claim is None else number(claim, sign="+")
    return row(f"{best} minus {first}", shown, with_interval(ours, sign="+"), p_value(ours[3]), outcome)


def _outcome(ours: Sequence[float], claim: float | None) -> str:
    _, low, high = ours[:3]
    verdict = "a gain" if low > 0 else "a loss" if high < 0 else "the difference is not significant"
    if claim is None:
        return verdict
    return f"{verdict}; the claim is {'inside' if low <= claim <= high else 'outside'} our interval"


def reading(record: Record, claims: Mapping[str, float]) -> str:
    """In sentences of Markdown: which arms differ from the first, and whether the claimed order was confirmed."""
    first = next(iter(record["arms"]))
    sentences = [
        _against(name, first, arm["difference"])
        for name, arm in record["arms"].items()
        if arm.get("auroc_within") and arm.get("difference")
    ]
    return " ".join([*sentences, *_order(record, claims), *_unfinished(record)])


def _against(name: str, first: str, difference: Sequence[float]) -> str:
    _, low, high = difference[:3]
    verdict = "is above" if low > 0 else "is below" if high < 0 else "does not differ significantly from"
    return f"*{name}* {verdict} *{first}* ({with_interval(difference, sign='+')})."


def _order(record: Record, claims: Mapping[str, float]) -> list[str]:
    values = {name: arm["auroc_within"][0] for name, arm in record["arms"].items() if arm.get("auroc_within")}
    order = sorted((name for name in claims if name in values), key=lambda name: claims[name])
    if len(order) < 2:
        return []
    measured = sorted(order, key=lambda name: values[name])
    same = "the same" if measured == order else f"*{' < '.join(measured)}*"
    return [f"The claimed order is *{' < '.join(order)}*; by point estimates, the measured order is {same}."]


def _unfinished(record: Record) -> list[str]:
    """Arms with some runs only, whose level is on other images than the first arm's, and arms without runs."""
    part = [name for name, arm in record["arms"].items() if 0 < arm["done"] < arm["cells_planned"]]
    none = [name for name, arm in record["arms"].items() if not arm["done"]]
    partly = [f"Partly run, so only differences can be compared, not levels: {_listed(part)}."] if part else []
    return [*partly, *([f"Not run: {_listed(none)}."] if none else [])]


def _listed(names: Sequence[str]) -> str:
    """Names of arms, which may hold commas, as a list in a sentence."""
    return ", ".join(f"*{name}*" for name in names)
