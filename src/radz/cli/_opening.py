"""What several commands open: a corpus, a model, and a bar that shows how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from radz.errors import ConfigError

if TYPE_CHECKING:
    from radz.data.target import Target
    from radz.metrics.scores_file import ScoresProvenance
    from radz.serve.predictor import Predictor
    from radz.types import Anchors


def make_target(
    corpus: str | None, root: Path | None, split: str, options: Sequence[str], fold: str | None = None
) -> Target:
    """The corpus of the command line's options. Raises ConfigError where it is not named."""
    from radz.data.target import Target

    if corpus is None or root is None:
        raise ConfigError(
            "Nothing to evaluate: give --corpus NAME and --root FOLDER, or scores with --from-scores FILE."
        )
    return Target.parse(corpus, root, split, options, fold)


def load_predictor(
    model: Path | None, source: str | None, findings_files: Sequence[Path], calibration: Path | None = None
) -> Predictor:
    """The model of the command line's options, with a sign of life while it loads."""
    from radz.serve.predictor import Predictor

    with Console(stderr=True).status("Loading the model (the first start prepares it, a minute or two) ..."):
        return Predictor.load(model, source=source, findings=findings_files, calibration=calibration)


def scores_provenance(
    predictor: Predictor, target: Target, corpus: Any, anchors: Anchors, concepts: Sequence[str], *, seed: int = 0
) -> ScoresProvenance:
    """Where the scores of ``predictor`` on ``target`` come from. Raises LeakageError for films it was trained on."""
    from radz.data.splits import split_hash
    from radz.leakage.exposure import require_left_out
    from radz.metrics.scores_file import ScoresProvenance

    require_left_out(target.corpus, target.split, str(target.fold or ""), predictor.provenance)
    return ScoresProvenance(
        model=predictor.model.name,
        fingerprint=predictor.fingerprint,
        corpus=target.corpus,
        options=target.options,
        policies=dict(getattr(corpus, "policies", {})),
        split=target.split,
        split_hash=split_hash(corpus.records),
        fold=str(target.fold or ""),
        anchors=anchors.strategy,
        exposure={name: mark.value for name, mark in predictor.exposures(concepts).items()},
        seed=seed,
    )


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many studies are done."""
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scoring", total=total)
        yield lambda count: bar.advance(task, count)
