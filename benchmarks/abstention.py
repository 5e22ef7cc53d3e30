"""How many images of each kind does a calibrated model abstain from?

    python benchmarks/abstention.py --table manifest.csv --calibration calibration.json --by dataset --by modality

The table has a column `image` with paths relative to the table. The result has one row for each combination of the
columns `--by`. Refused: files that are not radiographs (coloured, damaged, inverted). Abstained: images too far from
the calibration images, or with a header of another kind.
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
    """Predict every image of the table and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="CSV with a column 'image'")
    parser.add_argument("--by", action="append", default=[], help="column that defines a kind; repeatable")
    parser.add_argument(
        "--where", action="append", default=[], help="column=value: only these rows are used; repeatable"
    )
    parser.add_argument("--model", help="checkpoint directory; the shipped one by default")
    parser.add_argument("--calibration", type=Path, help="file written by `radz calibrate`")
    options = parser.parse_args()
    if options.table is None:
        print("Skipped: no --table given.")
        return
    rows = selected(options.table, parse_options(options.where))
    predictor = Predictor.load(options.model, calibration=options.calibration)
    results = predictor.stream([options.table.parent / image for image in rows["image"]], ["effusion"])
    print("\n".join(lines(rows, list(results), options.by)))


def selected(path: Path, where: Mapping[str, object]) -> pd.DataFrame:
    """Rows of the table with the given values in the given columns."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column, value in where.items():
        rows = rows[rows[column] == str(value)]
    return rows


def lines(rows: pd.DataFrame, results: list[Result], by: list[str]) -> Iterator[str]:
    """Lines of the Markdown table, one row for each kind."""
    yield f"| {' | '.join([*by, 'images', 'refused', 'abstained'])} |"
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
