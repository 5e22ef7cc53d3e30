"""How many films of each kind does a calibrated model refuse to judge?

    python benchmarks/abstention.py --table manifest.csv --calibration calibration.json --by dataset --by modality

The table has a column `image`, its paths relative to the table. A row of the result is a combination of the columns
`--by`. Refused are files that are no radiograph at all (coloured, damaged, inverted); not judged are films that lie too
far from the calibration films, or whose header names another kind.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import pandas as pd

from radz.config import parse_options
from radz.serve.predictor import Predictor
from radz.types import Result


def main() -> None:
    """Predict every film of the table and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="CSV with a column 'image'")
    parser.add_argument("--by", action="append", default=[], help="column that names a kind; repeatable")
    parser.add_argument(
        "--where", action="append", default=[], help="column=value: other rows are left out; repeatable"
    )
    parser.add_argument("--model", help="checkpoint directory; the shipped one by default")
    parser.add_argument("--calibration", type=Path, help="file of `radz calibrate`")
    options = parser.parse_args()
    if options.table is None:
        print("Skipped: --table does not say where films are.")
        return
    rows = chosen(options.table, parse_options(options.where))
    predictor = Predictor.load(options.model, calibration=options.calibration)
    results = predictor.stream([options.table.parent / image for image in rows["image"]], ["effusion"])
    print("\n".join(lines(rows, list(results), options.by)))


def chosen(path: Path, where: Mapping[str, object]) -> pd.DataFrame:
    """Rows of the table whose columns are as they should be."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column, value in where.items():
        rows = rows[rows[column] == str(value)]
    return rows


def lines(rows: pd.DataFrame, results: list[Result], by: list[str]) -> Iterator[str]:
    """The table, a row per kind."""
    yield f"| {' | '.join([*by, 'films', 'refused', 'not judged'])} |"
    yield "|" + "---|" * len(by) + "---:|" * 3
    counted = rows[by].assign(
        refused=[bool(result.error) for result in results], abstained=[bool(result.abstained) for result in results]
    )
    for kind, group in counted.groupby(by):
        read = len(group) - group["refused"].sum()
        share = f"{group['abstained'].sum() / read:.0%}" if read else ""
        names = kind if isinstance(kind, tuple) else (kind,)
        counts = (len(group), group["refused"].sum(), f"{group['abstained'].sum()} of {read} ({share})")
        yield f"| {' | '.join(map(str, chain(names, counts)))} |"


if __name__ == "__main__":
    main()
