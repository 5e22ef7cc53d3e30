"""The page of results: the tables of the source article, our numbers next to its claims and the paper's.

    python results/page.py results/ablations --out docs/results.md

Our numbers come from the records that ``radz ablate`` wrote; nothing is computed here. Published numbers are in
``published.yaml``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from article_tables import ablation_table, overall_table, paper_table, run_command, systems_table
from published import Published
from radz.experiments.ablation.page import groups_table
from radz.experiments.ablation.record import Record, is_finished, read_records
from radz.experiments.ablation.remarks import method_line, time_line, zero_shot_line
from radz.report.blocks import Table
from radz.report.markdown import render_rows
from radz.types import RESEARCH_USE
from verdicts import CLAIMING, gains_table, reading

MADE = "<!-- made by `python results/page.py {}`; do not edit -->"
TITLES = {"components": "4. Components", "tokens": "5. Tokens", "anchors": "6. Anchors", "size": "7. Data size"}
OPEN_QUESTIONS = (
    "token_count",
    "layer",
    "temperature",
    "pooling",
    "granularity",
    "wording",
    "descriptions",
    "unlabelled",
)
ABOUT = (
    "The tables of the source article, a Korean review article of the paper "
    "[LLaVA-RadZ](https://arxiv.org/abs/2503.07487), measured on the development films (NIH ChestX-ray14, at 320 px "
    "and smaller), whatever the outcome. `radz ablate configs/ablations/PLAN.yaml` makes each record, "
    "`python results/page.py` this page ([ablation.md](ablation.md)).",
    "The article's claims (× 100, called accuracy there) could not be found in the paper's tables. They are tested "
    "here. Our numbers are AUROCs between films of the same source and view, where a film's origin alone scores 0.5. "
    "So levels cannot be compared with the claims, but order and differences can. The number in parentheses after a "
    "claim is its difference to the claim of the first row.",
)
TOWER = (
    "All models of a fold, including the base, use one vision tower that was warmed up with the labels of the training "
    "films; for data size, each arm has a tower warmed up on its films. Each p-value is of one comparison, not "
    "corrected for the number of rows. Zero-shot results, on findings that were held out of training, are in "
    "[unseen.md](unseen.md)."
)
GAINS = (
    "The gain that the source article claims in each ablation for its proposed method over the first row of the table. "
    "The other rows are discussed under each table."
)
OVERALL = (
    "Ours are the models of the folds. On ChestX-ray14 each is evaluated on the films of its left-out fold, not on the "
    "official test set; on other datasets, on their test sets."
)
SYSTEMS = "All systems on the films of our folds, with the same sentences. Published numbers are on other test sets."
GROUPS = "The article's numbers by group are not known to us."
PUBLISHED = (
    "AUROC × 100 from papers or from re-runs by others, on each dataset's own test set. These are other images than "
    "ours, so the numbers cannot be compared with ours."
)


def main() -> None:
    """Print the page, or write it to ``--out``. Raises ConfigError for a directory without records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, help="directory of the records, e.g. results/ablations")
    parser.add_argument("--out", type=Path, help="file to write; standard output by default")
    options = parser.parse_args()
    page = results_page(read_records(options.records), options.records.as_posix())
    if options.out is None:
        sys.stdout.write(page)
    else:
        options.out.write_text(page, encoding="utf-8")


def results_page(records: Mapping[str, Record], directory: str) -> str:
    """The page in Markdown, from the records of ``directory``."""
    published = Published.read()
    components, systems = records.get("components"), records.get("systems")
    gains, groups = gains_table(records, published), records.get("groups") or components
    parts = [
        MADE.format(directory),
        "# Results",
        *ABOUT,
        *_methods(records),
        TOWER,
        "## What held",
        *([GAINS, render_rows(gains)] if gains else ["Not run: no claimed gain has both of its rows."]),
        "## 1. Overall and by dataset",
        OVERALL,
        render_rows(overall_table(records.get("overall"), components, published)),
        "## 2. Against CLIP-style systems",
        SYSTEMS,
        render_rows(systems_table(systems, components, published)),
        reading(systems, {}) if systems else "",
        "## 3. Disease groups",
        GROUPS,
        _rows_or_command(groups_table(groups) if groups else None, "groups"),
        *(part for name, title in TITLES.items() for part in (f"## {title}", *_ablation(name, records, published))),
        "## Open questions",
        *(part for name in OPEN_QUESTIONS for part in (_heading(name, records), *_ablation(name, records, published))),
        "## Published numbers",
        PUBLISHED,
        render_rows(paper_table(published)),
        RESEARCH_USE,
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _methods(records: Mapping[str, Record]) -> list[str]:
    """How the numbers were made, in the words of the first record with results."""
    order = [*(name for name in CLAIMING if name in records), *records]
    first = next((records[name] for name in order if is_finished(records[name])), None)
    if first is None:
        return ["Nothing has been run yet."]
    return [method_line(first), zero_shot_line(first), *time_line(records.values())]


def _heading(name: str, records: Mapping[str, Record]) -> str:
    return f"### {records[name]['title'] if name in records else name.replace('_', ' ').capitalize()}"


def _ablation(name: str, records: Mapping[str, Record], published: Published) -> list[str]:
    """Question, table and reading of one plan; for a plan that was not run, the command that runs it."""
    record = records.get(name)
    rows = _rows_or_command(ablation_table(name, record, published), name)
    if record is None or not is_finished(record):
        return [rows]
    return [record["question"], rows, reading(record, published.claims.get(name, {}))]


def _rows_or_command(table: Table | None, name: str) -> str:
    return render_rows(table) if table else f"Not run: `{run_command(name)}`."


if __name__ == "__main__":
    main()
