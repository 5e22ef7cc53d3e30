"""``radz calibrate``: validation films in, a file out from which a model has probabilities, sets and abstention."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.cli._opening import load_predictor, make_target, progress_bar, scores_provenance
from radz.errors import LeakageError
from radz.types import NORMAL

if TYPE_CHECKING:
    from radz.calibration.calibration_file import StoredCalibration
    from radz.data.target import Target
    from radz.serve.predictor import Predictor


def calibrate(
    *,
    corpus: Annotated[str | None, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")] = None,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory, or its table.")] = None,
    split: Annotated[str, typer.Option(help="Split to calibrate on: val, no other is taken.")] = "val",
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value, YAML, dotted keys. Repeatable.")
    ] = None,
    fold: Annotated[str | None, typer.Option(help="k/n: the fold that a training under data.fold left out.")] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the backbone's weights are, if not where trained.")] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    recall: Annotated[float, typer.Option(help="Expected share of a film's findings in its set.")] = 0.9,
    out: Annotated[
        Path | None, typer.Option(help="File to write; calibration.json in the checkpoint by default.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Fit probabilities, finding sets and abstention on validation films."""
    from radz.calibration.calibration_file import CALIBRATION, write_calibration
    from radz.serve.predictor import shipped_checkpoint

    if split != "val":
        raise LeakageError(
            f"`radz calibrate` takes split 'val', got '{split}': what is fitted on films of another split would be "
            "fitted on what the model learned from, or on what its results are reported on."
        )
    target = make_target(corpus, root, split, option or (), fold)
    predictor = load_predictor(model, source, findings_file or ())
    stored = fit(predictor, target, recall, batch_size)
    path = out or (model or shipped_checkpoint()) / CALIBRATION
    write_calibration(stored, path)
    _say(stored, path)


def fit(predictor: Predictor, target: Target, recall: float, batch_size: int) -> StoredCalibration:
    """Score the target with the model's own anchors and fit everything on these scores."""
    from radz.calibration.calibration_file import fit_calibration
    from radz.eval.scoring import diseases, score_corpus
    from radz.serve.recorder import Recorder

    films = target.open()
    anchors = predictor.anchors([name for name in films.findings if name != NORMAL])
    made = scores_provenance(predictor, target, films, anchors, diseases(anchors, films))
    recorder = Recorder(predictor.model)
    with progress_bar(len(films)) as advance:
        table = score_corpus(recorder, films, anchors, provenance=made, batch_size=batch_size, progress=advance)
    return fit_calibration(table, recorder.looks, anchors, recall)


def _say(stored: StoredCalibration, path: Path) -> None:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(f"calibration on {stored.studies} studies of {stored.patients} patients: {path}")
    console.print(f"probabilities of {len(stored.platt)} findings: {', '.join(stored.platt) or 'none'}")
    for concept, reason in stored.refused.items():
        console.print(f"no probability of {concept}: {reason}")
    if stored.finding_set is not None:
        console.print(
            f"finding set: scores of at least {stored.finding_set.threshold:.4f}, for an expected recall of "
            f"{stored.finding_set.recall:.0%}"
        )
    for part, reason in stored.missing.items():
        console.print(f"no {part}: {reason}")
