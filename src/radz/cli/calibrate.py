"""``radz calibrate``: validation images in; a file with probabilities, finding sets and abstention out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radz.cli.console import progress_bar, say

if TYPE_CHECKING:
    from radz.calibration.calibration_file import StoredCalibration


def calibrate(
    *,
    corpus: Annotated[str | None, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")] = None,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory, or its table.")] = None,
    split: Annotated[str, typer.Option(help="Split to calibrate on; only val is accepted.")] = "val",
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value (YAML; dotted keys). Repeatable.")
    ] = None,
    fold: Annotated[str | None, typer.Option(help="k/n: the fold that training with data.fold left out.")] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the backbone's weights are, if they moved after training.")
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    recall: Annotated[float, typer.Option(help="Expected share of an image's findings in its finding set.")] = 0.9,
    out: Annotated[
        Path | None, typer.Option(help="File to write; calibration.json in the checkpoint by default.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Fit probabilities, finding sets, abstention and reference statistics on validation images."""
    from radz.calibration.reference import ANY_VIEW, reference_path
    from radz.experiments.calibrate import calibrate as run

    result = run(
        model,
        corpus=corpus,
        root=root,
        split=split,
        options=option or (),
        fold=fold,
        source=source,
        findings_files=findings_file or (),
        recall=recall,
        out=out,
        write=True,
        batch_size=batch_size,
        progress=progress_bar,
    )
    assert result.path is not None
    _say(result.calibration, result.path)
    if result.reference is None:
        say(f"no reference statistics: {result.no_reference}")
    else:
        count, place = result.reference.images[ANY_VIEW], reference_path(result.path)
        say(f"reference statistics of {len(result.reference.texts)} findings from {count} images: {place}")


def _say(stored: StoredCalibration, path: Path) -> None:
    from radz.report.format import number, percent

    say(f"calibration on {stored.studies} studies of {stored.patients} patients: {path}")
    say(f"probabilities of {len(stored.platt)} findings: {', '.join(stored.platt) or 'none'}")
    for concept, reason in stored.refused.items():
        say(f"no probability of {concept}: {reason}")
    if stored.finding_set is not None:
        say(
            f"finding set: scores of at least {number(stored.finding_set.threshold, 4)}, for an expected recall of "
            f"{percent(stored.finding_set.recall)}"
        )
    for part, reason in stored.missing.items():
        say(f"no {part}: {reason}")
