"""``radz compare``: several models on identical studies, findings and words, their quality beside their cost."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.cli._contestants import Contest, Contestant, parse_model, with_own_names
from radz.cli._opening import make_target, progress_bar
from radz.cli._rows import How, model_rows
from radz.cli.options import Format, Uncertain
from radz.errors import RadzError
from radz.types import NORMAL

if TYPE_CHECKING:
    from radz.eval.cost import Cost
    from radz.metrics.scores_file import ScoresTable
    from radz.report.contents import ModelRow

METADATA = "metadata_only"
FILMS = 32
"""Films that cost is measured on."""


def compare(
    *,
    models: Annotated[
        list[str],
        typer.Argument(
            help="Checkpoint directory, `shipped`, or baseline NAME[:CHECKPOINT], each with ,OPTION=VALUE behind it. "
            "The first is compared with each of the others."
        ),
    ],
    corpus: Annotated[str, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")],
    root: Annotated[Path, typer.Option(help="The corpus's directory, or its table.")],
    split: Annotated[str, typer.Option(help="Split to evaluate.")] = "test",
    fold: Annotated[
        str | None, typer.Option(help="k/n, with --split val: the fold that a training under data.fold left out.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value, YAML, dotted keys. Repeatable.")
    ] = None,
    finding: Annotated[list[str] | None, typer.Option(help="Finding to score; all of the corpus by default.")] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    prompts: Annotated[str, typer.Option(help="Anchor strategy whose sentences baselines read.")] = "names",
    stratum: Annotated[
        list[str] | None, typer.Option(help="Metadata key that strata share: source and view by default. Repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the scores files.")] = Path("compare"),
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    uncertain: Annotated[Uncertain, typer.Option(help="What uncertain labels count as.")] = Uncertain.IGNORE,
    cost: Annotated[bool, typer.Option(help="Measure what each model costs on this machine.")] = True,
    calls: Annotated[int, typer.Option(min=1, help="Calls of one film each that latency is measured on.")] = 20,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Compare models on a labelled corpus: quality with paired intervals, and cost. Scores are written, too."""
    from radz.eval.robustness import Checks
    from radz.eval.scoring import STRATA
    from radz.knowledge import KnowledgeBase

    target = make_target(corpus, root, split, option or (), fold)
    opened = target.open()
    knowledge = KnowledgeBase.load(findings_file or ())
    asked = finding or [name for name in opened.findings if name != NORMAL]
    strata = tuple(stratum or STRATA)
    contest = Contest(target, strata, knowledge, asked, prompts, tuple(findings_file or ()), seed)
    contestants, notes = _open(contest, models, opened)
    tables = _score(contestants, opened, contest, batch_size)
    files = _write(tables, out)
    rows = model_rows(tables, Checks(), notes, How(draws, seed, uncertain.value, findings_file or ()))
    costs = _costs(contestants, opened, batch_size, calls) if cost else []
    _show(rows, costs, files, format_)


def _open(contest: Contest, models: Sequence[str], corpus: Any) -> tuple[list[Contestant], dict[str, str]]:
    """All models before any is run, metadata_only at the end where nobody named it, or why it has no number."""
    named = with_own_names([parse_model(text) for text in models])
    contestants, notes = [contest.open(model, corpus) for model in named], dict[str, str]()
    if METADATA not in {model.where for model in named}:
        try:
            contestants.append(contest.open(parse_model(METADATA), corpus))
        except RadzError as error:
            notes[METADATA] = str(error)
    return contestants, notes


def _score(contestants: Sequence[Contestant], corpus: Any, contest: Contest, batch_size: int) -> dict[str, ScoresTable]:
    """Scores of all models, each with its own provenance."""
    from dataclasses import replace

    from radz.eval.scoring import score_models

    with progress_bar(len(corpus)) as advance:
        tables = score_models(
            {contestant.name: contestant for contestant in contestants},
            corpus,
            contest.anchors(),
            batch_size=batch_size,
            strata=contest.strata,
            progress=advance,
        )
    made = {}
    for contestant in contestants:
        table = tables[contestant.name]
        shared = {name: getattr(table.provenance, name) for name in ("strata", "unreadable")}
        own = replace(contestant.provenance, model=contestant.name, **shared)
        made[contestant.name] = replace(table, provenance=own)
    return made


def _costs(contestants: Sequence[Contestant], corpus: Any, batch_size: int, calls: int) -> list[Cost]:
    """Cost of each model on the same films, one after the other."""
    from radz.data.studies import readable
    from radz.eval.cost import measure_cost

    films = list(islice(readable(corpus), FILMS))
    return [
        measure_cost(
            contestant,
            films,
            contestant.anchors,
            batch_size=batch_size,
            calls=calls,
            trained_parameters=contestant.trained_parameters,
        )
        for contestant in contestants
    ]


def _write(tables: dict[str, ScoresTable], out: Path) -> dict[str, Path]:
    from radz.metrics.scores_file import write_scores

    files = {}
    for name, table in tables.items():
        made = table.provenance
        parts = (re.sub(r"\W+", "-", name).strip("-"), made.fingerprint[:8], made.corpus, made.split)
        files[name] = out / f"scores-{'-'.join(filter(None, parts))}.parquet"
        write_scores(table, files[name])
    return files


def _show(rows: Sequence[ModelRow], costs: Sequence[Cost], files: dict[str, Path], format_: Format) -> None:
    from radz.report.comparison import comparison_page
    from radz.report.console import open_console, show
    from radz.report.record import comparison_record

    if format_ is Format.JSON:
        typer.echo(json.dumps(comparison_record(rows, costs, files), indent=2, ensure_ascii=False, default=str))
        return
    show(comparison_page(rows, costs), open_console())
    for name, file in files.items():
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"scores of {name}: {file}")
