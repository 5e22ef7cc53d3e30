"""Tables of a protocol: each set of images under each anchor strategy, and a linear head at shares of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from radz.metrics.repeats import Repeats, summarise_repeats
from radz.metrics.score_matrix import join_findings
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import compare, summarise
from radz.report.blocks import Cell, Row, Table, row, table
from radz.report.format import NO_VALUE, count, difference, estimate, finding_name, shortest, span

ByStrategy = Mapping[str, ScoresTable]
SHARE_COLUMNS = (
    "images",
    "% of labels",
    "patients",
    "images learned",
    "AUROC within strata",
    "AUROC against abnormal",
    "seeds",
    "findings not learned",
)
WITHIN = (
    "AUROC within source and view, mean over findings with 10 comparable positives; 95% intervals over patients. "
    "Metadata alone (source and view) score 0.5 by construction. Abnormal: the same, with only those images without "
    "the finding that show another one; “any finding” as the score of every finding is 0.5 by construction."
)
LEFT_OUT = "* fewer than 10 positives share a stratum with a negative: not in the mean."
NOT_LEARNED = "A finding is not learned, and scores 0.5, if the training images hold one class only."


@dataclass(frozen=True, slots=True)
class Share:
    """What a linear head learned from: share of the patients in %, and for each seed how many patients and images.

    unlearned: for how many findings one class was missing. tables: scores. One of each per seed.
    """

    percent: float
    patients: tuple[int, ...]
    images: tuple[int, ...]
    unlearned: tuple[int, ...]
    tables: tuple[ScoresTable, ...]


def sets_table(groups: Mapping[str, ByStrategy], *, whole: bool, draws: int, seed: int) -> Table:
    """A row for each set of images: both macro AUROCs under each strategy, and what each gains over the first.

    whole: a last row over all sets, which must be findings of the same images.
    """
    first, *others = strategies = [*next(iter(groups.values()))]
    gains = [f"{other} − {first}" for other in others]
    columns = ("set", "images", "findings", "claim", *_both(strategies), *_both(gains))
    rows = [_set_row(name, tables, first, draws, seed) for name, tables in groups.items()]
    if whole and len(groups) > 1:
        joined = {s: join_findings([tables[s] for tables in groups.values()]) for s in strategies}
        rows.append(replace(_set_row("all", joined, first, draws, seed), strong=True))
    return table("Means over findings", columns, rows, words={"claim"}, notes=(WITHIN,))


def findings_table(groups: Mapping[str, ByStrategy], *, draws: int, seed: int) -> Table:
    """A row for each finding of each set: what the model has seen of it, its positives, and both its AUROCs."""
    strategies = [*next(iter(groups.values()))]
    rows = [each for name, tables in groups.items() for each in _finding_rows(name, tables, draws, seed)]
    columns = ("set", "finding", "exposure", "positives", *_both(strategies))
    return table("Findings", columns, rows, words={"finding", "exposure"}, notes=(LEFT_OUT,))


def shares_table(corpora: Mapping[str, tuple[ScoresTable, Sequence[Share]]], *, draws: int, seed: int) -> Table:
    """For each set of images a row without any labels (the model's anchors), then one for each share."""
    rows = [each for name, (bare, shares) in corpora.items() for each in _share_rows(name, bare, shares, draws, seed)]
    return table("Shares of the labels", SHARE_COLUMNS, rows, words={"% of labels"}, notes=(WITHIN, NOT_LEARNED))


def _set_row(name: str, tables: ByStrategy, first: str, draws: int, seed: int) -> Row:
    evaluations = {s: summarise(scores, draws=draws, seed=seed) for s, scores in tables.items()}
    evaluation, claim = evaluations[first], tables[first].provenance.claim or NO_VALUE
    comparisons = [
        compare(scores, tables[first], draws=draws, seed=seed)
        for strategy, scores in tables.items()
        if strategy != first
    ]
    gains = [difference(gain) for each in comparisons for gain in (each.auroc_within, each.auroc_abnormal)]
    macros = [each.macro for each in evaluations.values()]
    means = [estimate(value) for macro in macros for value in (macro.auroc_within, macro.auroc_abnormal)]
    return row(name, count(evaluation.studies), count(len(evaluation.macro.concepts)), claim, *means, *gains)


def _finding_rows(name: str, tables: ByStrategy, draws: int, seed: int) -> list[Row]:
    evaluations = [summarise(scores, draws=draws, seed=seed) for scores in tables.values()]
    marks = next(iter(tables.values())).provenance.exposure
    rows = []
    for same in zip(*(evaluation.findings for evaluation in evaluations), strict=True):
        finding = same[0]
        positives = f"{count(finding.positives)}{'*' if finding.left_out else ''}"
        values = [estimate(value) for each in same for value in (each.auroc_within, each.auroc_abnormal)]
        mark = str(marks.get(finding.concept, NO_VALUE))
        rows.append(row(name, finding_name(finding.concept), mark, positives, *values))
    return rows


def _share_rows(name: str, bare: ScoresTable, shares: Sequence[Share], draws: int, seed: int) -> list[Row]:
    repeats = summarise_repeats([bare], draws=draws, seed=seed)
    anchors = row(name, f"0, anchors {bare.provenance.anchors}", "0", "0", *_aurocs(repeats), NO_VALUE, NO_VALUE)
    return [anchors, *(_share_row(name, share, draws, seed) for share in shares)]


def _share_row(name: str, share: Share, draws: int, seed: int) -> Row:
    repeats = summarise_repeats(share.tables, draws=draws, seed=seed)
    seeds = repeats.within.seeds
    spread = Cell(span(seeds, digits=3) if len(seeds) > 1 else NO_VALUE)
    sizes = (span(share.patients), span(share.images))
    return row(name, shortest(share.percent), *sizes, *_aurocs(repeats), spread, span(share.unlearned))


def _aurocs(repeats: Repeats) -> tuple[Cell, Cell]:
    """Means over findings and seeds, within strata and against abnormal."""
    return estimate(repeats.within.macro), estimate(repeats.abnormal.macro)


def _both(names: Sequence[str]) -> list[str]:
    """Two columns for each name: within strata, and the same against abnormal."""
    return [column for name in names for column in (name, f"{name}, abnormal")]
