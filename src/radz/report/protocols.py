"""Tables of a protocol: of each set of films and each anchor strategy, and of a linear head at shares of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from radz.eval.few_labels import macro_over_seeds
from radz.metrics.evaluation import Estimate
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import compare, summarise

Rows = tuple[list[str], list[list[str]]]
ByStrategy = Mapping[str, ScoresTable]
EMPTY = "–"


@dataclass(frozen=True, slots=True)
class Share:
    """What a linear head learned from: share of the patients in %, and for each seed how many patients and films.

    unlearned: of how many findings one class was missing. tables: scores. One of each a seed.
    """

    percent: float
    patients: tuple[int, ...]
    films: tuple[int, ...]
    unlearned: tuple[int, ...]
    tables: tuple[ScoresTable, ...]


def sets_rows(groups: Mapping[str, ByStrategy], *, whole: bool, draws: int, seed: int) -> Rows:
    """A row for each set of films: macro AUROC within strata under each strategy, and what each gains over the first.

    whole: a last row over all sets, which must be findings of the same films.
    """
    first, *others = strategies = [*next(iter(groups.values()))]
    head = ["set", "films", "findings", "claim", *strategies, *(f"{other} - {first}" for other in others)]
    rows = [_set_row(name, tables, first, draws, seed) for name, tables in groups.items()]
    if whole and len(groups) > 1:
        joined = {s: _together([tables[s] for tables in groups.values()]) for s in strategies}
        rows.append(_set_row("all", joined, first, draws, seed))
    return head, rows


def findings_rows(groups: Mapping[str, ByStrategy], *, draws: int, seed: int) -> Rows:
    """A row for each finding of each set: what the model has met of it, its positives, and its AUROC within strata."""
    strategies = [*next(iter(groups.values()))]
    rows = []
    for name, tables in groups.items():
        found = {s: summarise(table, draws=draws, seed=seed) for s, table in tables.items()}
        marks = next(iter(tables.values())).provenance.exposure
        for i, finding in enumerate(next(iter(found.values())).findings):
            values = [shown(found[s].findings[i].auroc_within) for s in strategies]
            concept, count = finding.concept, f"{finding.positives}{' *' if finding.left_out else ''}"
            rows.append([name, concept, marks.get(concept, EMPTY), count, *values])
    return ["set", "finding", "model has met", "positives", *strategies], rows


def shares_rows(name: str, bare: ScoresTable, shares: Sequence[Share], *, draws: int, seed: int) -> Rows:
    """A row for no label at all (the model's anchors), then one for each share."""
    value, _ = macro_over_seeds([bare], draws=draws, seed=seed)
    rows = [[name, f"0, anchors {bare.provenance.anchors}", "0", "0", shown(value), EMPTY, EMPTY]]
    for share in shares:
        value, seeds = macro_over_seeds(share.tables, draws=draws, seed=seed)
        spread = f"{min(seeds):.3f} to {max(seeds):.3f}" if len(seeds) > 1 else EMPTY
        counts = [_range(each) for each in (share.patients, share.films, share.unlearned)]
        rows.append([name, f"{share.percent:g}", *counts[:2], shown(value), spread, counts[2]])
    return ["films", "% of labels", "patients", "films learned", "AUROC", "seeds", "findings not learned"], rows


def shown(estimate: Estimate) -> str:
    """``0.632 [0.585, 0.672]``, or a dash where it is undefined."""
    if estimate.value != estimate.value:
        return EMPTY
    return f"{estimate.value:.3f} [{estimate.interval.low:.3f}, {estimate.interval.high:.3f}]"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def _set_row(name: str, tables: ByStrategy, first: str, draws: int, seed: int) -> list[str]:
    found = {s: summarise(table, draws=draws, seed=seed) for s, table in tables.items()}
    own = found[first]
    gains = [_gain(table, tables[first], draws, seed) for s, table in tables.items() if s != first]
    counts = [f"{own.studies}", f"{len(own.macro.concepts)}", tables[first].provenance.claim or EMPTY]
    return [name, *counts, *(shown(each.macro.auroc_within) for each in found.values()), *gains]


def _gain(table: ScoresTable, first: ScoresTable, draws: int, seed: int) -> str:
    gain = compare(table, first, draws=draws, seed=seed).auroc_within
    if gain.value != gain.value:
        return EMPTY
    return f"{gain.value:+.3f} [{gain.interval.low:+.3f}, {gain.interval.high:+.3f}]"


def _together(parts: Sequence[ScoresTable]) -> ScoresTable:
    """The findings of several models as one table: they share studies, not findings."""
    return replace(parts[0], rows=pd.concat([part.rows for part in parts], ignore_index=True))
