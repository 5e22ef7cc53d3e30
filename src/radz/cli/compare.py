"""``radz compare``: several models on identical studies, findings and words, with quality and cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radz.cli.console import list_unreadable, progress_bar, say
from radz.cli.options import STRATA, Format, Uncertain

if TYPE_CHECKING:
    from radz.experiments.compare import ComparisonResult


def compare(
    *,
    models: Annotated[
        list[str],
        typer.Argument(
            help="Checkpoint directory, `shipped`, or baseline NAME[:CHECKPOINT]; options follow as ,OPTION=VALUE. "
            "The first is compared with each of the others."
        ),
    ],
    corpus: Annotated[str, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")],
    root: Annotated[Path, typer.Option(help="The corpus's directory, or its table.")],
    split: Annotated[str, typer.Option(help="Split to evaluate.")] = "test",
    fold: Annotated[
        str | None, typer.Option(help="k/n, with --split val: the fold that training with data.fold left out.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value (YAML; dotted keys). Repeatable.")
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
    zero_shot: Annotated[
        bool, typer.Option(help="Refuse to run unless the first model has seen none of the findings and images.")
    ] = False,
    allow_supervised: Annotated[
        bool, typer.Option(help="Compare models on images that one was trained on, and call the result supervised.")
    ] = False,
    cost: Annotated[bool, typer.Option(help="Measure what each model costs on this machine.")] = True,
    calls: Annotated[int, typer.Option(min=1, help="Single-image calls to measure latency on.")] = 20,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Compare models on a labelled corpus: quality with paired intervals, and cost. Also writes the scores."""
    from radz.experiments.compare import compare as run

    result = run(
        models,
        corpus=corpus,
        root=root,
        split=split,
        options=option or (),
        fold=fold,
        findings=finding,
        findings_files=findings_file or (),
        prompts=prompts,
        strata=stratum or STRATA,
        out=out,
        draws=draws,
        seed=seed,
        uncertain=uncertain.value,
        zero_shot=zero_shot,
        allow_supervised=allow_supervised,
        cost=cost,
        calls=calls,
        batch_size=batch_size,
        progress=progress_bar,
    )
    _show(result, format_)
    list_unreadable(result.unreadable)


def _show(result: ComparisonResult, format_: Format) -> None:
    from radz.report.comparison import comparison_page
    from radz.report.console import open_console, show

    if format_ is Format.JSON:
        typer.echo(result.to_json())
        return
    show(comparison_page(result.rows, result.costs), open_console())
    for name, path in result.files.items():
        say(f"scores of {name}: {path}")
