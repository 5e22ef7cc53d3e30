"""Anchor strategies on findings that their models never met: each held-out set, and all of them together.

    python benchmarks/unseen.py --names A.names.parquet --names B.names.parquet --rules ... --hybrid ...

The files are raw scores of `radz evaluate --zero-shot` of one model for each held-out set, on the same studies, the
first of every strategy of one set, and so on. Nothing is scored here.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from radz.eval.scores_file import ScoresTable, read_scores
from radz.eval.zero_shot import Estimate, compare, summarise
from radz.types import Exposure

STRATEGIES = ("names", "rules", "hybrid")


def main() -> None:
    """Print a row for each set, one for all, and what each strategy gains over ``names``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for strategy in STRATEGIES:
        parser.add_argument(f"--{strategy}", type=Path, action="append", default=[], help="scores file; repeatable")
    options = vars(parser.parse_args())
    if not options["names"]:
        print("Skipped: --names does not say where scores are.")
        return
    tables = {strategy: [unseen(path) for path in options[strategy]] for strategy in STRATEGIES}
    print(
        f"| held out | findings | {' | '.join(STRATEGIES)} | rules - names | hybrid - names |\n|---|---:|" + "---|" * 5
    )
    for one_set in zip(*tables.values(), strict=True):
        print(row(", ".join(one_set[0].concepts), dict(zip(STRATEGIES, one_set, strict=True))))
    print(row("all", {strategy: together(parts) for strategy, parts in tables.items()}))


def unseen(path: Path) -> ScoresTable:
    """The scores of ``path``. Raises SystemExit where a finding was not unseen to its model."""
    table = read_scores(path)
    met = [c for c in table.concepts if table.provenance.exposure.get(c) != Exposure.UNSEEN.value]
    if met:
        raise SystemExit(f"{path}: {', '.join(met)} were not unseen to the model; give scores of held-out findings.")
    return table


def together(parts: Sequence[ScoresTable]) -> ScoresTable:
    """The findings of several models as one table: they share studies, not findings."""
    return replace(parts[0], rows=pd.concat([part.rows for part in parts], ignore_index=True))


def row(name: str, tables: Mapping[str, ScoresTable]) -> str:
    """Macro AUROC within strata of each strategy, and paired differences to ``names``."""
    found = {strategy: summarise(table).macro for strategy, table in tables.items()}
    gains = [compare(tables[strategy], tables["names"]).auroc_within for strategy in STRATEGIES[1:]]
    cells = [shown(found[strategy].auroc_within) for strategy in STRATEGIES]
    cells += [f"{g.value:+.3f} [{g.interval.low:+.3f}, {g.interval.high:+.3f}]" for g in gains]
    return f"| {name} | {len(found['names'].concepts)} | {' | '.join(cells)} |"


def shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.interval.low:.3f}, {estimate.interval.high:.3f}]"


if __name__ == "__main__":
    main()
