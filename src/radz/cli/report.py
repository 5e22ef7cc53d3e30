"""``radz report``: files of raw scores in, one page out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radz.cli._pages import write_pages
from radz.cli._rows import How, model_rows, named
from radz.cli.options import Uncertain
from radz.cli.thresholds import read_each
from radz.errors import ConfigError

if TYPE_CHECKING:
    from radz.metrics.scores_file import ScoresTable, UncertainPolicy
    from radz.report.contents import Case, ModelRow


def report(
    *,
    scores: Annotated[
        list[Path], typer.Argument(help="Scores of `radz evaluate`; more files are models to compare, or checks.")
    ],
    out: Annotated[
        list[Path] | None,
        typer.Option(help="File to write: .html, .md or .json. Repeatable. Beside the scores, as HTML, by default."),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    uncertain: Annotated[Uncertain, typer.Option(help="What uncertain labels count as.")] = Uncertain.IGNORE,
    thresholds: Annotated[
        list[Path] | None, typer.Option(help="File of `radz thresholds`, chosen on validation scores. Repeatable.")
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    hardest_cases: Annotated[
        int, typer.Option(min=0, help="Films per finding, missed and false alarms each, to embed. Needs --root.")
    ] = 0,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory or table, for --hardest-cases.")] = None,
) -> None:
    """Write one evaluation as a page that needs no network and no script, as Markdown or as JSON."""
    from radz.eval.robustness import partition
    from radz.metrics.scores_file import read_scores
    from radz.report.page import check_path

    paths = out or [scores[0].with_suffix(".html")]
    for path in paths:
        check_path(path)
    if hardest_cases and root is None:
        raise ConfigError("--hardest-cases embeds films: say with --root FOLDER where the corpus is.")
    models, checks = partition([read_scores(path) for path in scores])
    tables = named(models)
    how = How(draws, seed, uncertain.value, findings_file or (), read_each(thresholds or ()))
    rows = model_rows(tables, checks, {}, how)
    cases = _cases(rows[0], tables, root, hardest_cases, how.uncertain) if root and hardest_cases else ()
    write_pages(rows, tables, paths, how.uncertain, cases)


def _cases(
    row: ModelRow, tables: Mapping[str, ScoresTable], root: Path, count: int, uncertain: UncertainPolicy
) -> tuple[Case, ...]:
    """Worst cases of the findings in the mean, with their films from the corpus that the scores name."""
    from radz.data.views.folds import Fold, open_corpus
    from radz.metrics.hardest_cases import hardest_cases
    from radz.report.thumbnails import with_images

    table = tables[row.name]
    made = table.provenance
    assert row.evaluation is not None
    found = hardest_cases(table, row.evaluation.macro.concepts, count, uncertain)
    fold = Fold.parse(made.fold) if made.fold else None
    return with_images(found, open_corpus(made.corpus, root, made.split, made.options, fold))
