"""Anchor strategies on findings that their models never met: each held-out set, and all of them together.

    python benchmarks/unseen.py --names A.names.parquet --names B.names.parquet --rules ... --hybrid ...

The files are raw scores of `radz evaluate --zero-shot` of one model for each held-out set, on the same studies, the
first of every strategy of one set, and so on. Nothing is scored here; `radz protocol` does it all at once.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from radz.leakage.claims import check_claim
from radz.metrics.scores_file import ScoresTable, read_scores
from radz.report.console import open_console, show_block
from radz.report.protocols import findings_table, sets_table

STRATEGIES = ("names", "rules", "hybrid")


def main() -> None:
    """Print a row for each set, one for all, and one for each finding. Raises LeakageError for a finding met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for strategy in STRATEGIES:
        parser.add_argument(f"--{strategy}", type=Path, action="append", default=[], help="scores file; repeatable")
    options = vars(parser.parse_args())
    if not options["names"]:
        print("Skipped: --names does not say where scores are.")
        return
    groups = {}
    for paths in zip(*(options[strategy] for strategy in STRATEGIES), strict=True):
        tables = {strategy: claimed(read_scores(path)) for strategy, path in zip(STRATEGIES, paths, strict=True)}
        groups[", ".join(tables["names"].concepts)] = tables
    console = open_console()
    show_block(sets_table(groups, whole=True, draws=1000, seed=0), console)
    show_block(findings_table(groups, draws=1000, seed=0), console)


def claimed(table: ScoresTable) -> ScoresTable:
    """The scores, called zero-shot. Raises LeakageError where they are not."""
    return replace(table, provenance=check_claim(table.provenance, zero_shot=True))


if __name__ == "__main__":
    main()
