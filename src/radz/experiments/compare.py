"""Several models on identical studies, findings and words: quality with paired differences, and cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radz.errors import RadzError
from radz.eval.cost import Cost
from radz.eval.entry import Entry, describe
from radz.eval.robustness import Checks
from radz.eval.scoring import STRATA, diseases, score
from radz.experiments.evaluate import measure_costs
from radz.experiments.inputs import Options, PathLike, open_images
from radz.experiments.models import ModelOpener, entry_of, parse_model, with_distinct_labels
from radz.experiments.outcome import EvaluationResult
from radz.experiments.progress import Bar, silent
from radz.experiments.rows import EvalSettings, model_rows
from radz.leakage.claims import Claim, require_unseen_images
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import ScoresTable, write_scores
from radz.report.record import comparison_record
from radz.serve.predictor import Predictor

METADATA = "metadata_only"
IMAGES_MEASURED = 32
"""Images that cost is measured on."""


@dataclass(frozen=True, repr=False)
class ComparisonResult(EvaluationResult):
    """Several models on identical studies; the first is compared with each of the others. costs: of each model."""

    costs: Sequence[Cost] = ()

    def as_record(self) -> dict[str, Any]:
        """Everything as plain values, the same as `radz compare --format json`."""
        return comparison_record(self.rows, self.costs, self.files)


def compare(
    models: Sequence[str | Path | Predictor],
    *,
    corpus: Any,
    root: PathLike | None = None,
    split: str = "test",
    options: Options = (),
    fold: str | None = None,
    findings: Sequence[str] | None = None,
    findings_files: Sequence[PathLike] = (),
    prompts: str = "names",
    strata: Sequence[str] = STRATA,
    out: PathLike | None = None,
    draws: int = 1000,
    seed: int = 0,
    uncertain: UncertainPolicy = "ignore",
    zero_shot: bool = False,
    allow_supervised: bool = False,
    cost: bool = True,
    calls: int = 20,
    batch_size: int = 16,
    progress: Bar = silent,
) -> ComparisonResult:
    """Compare models on a labelled corpus, as `radz compare` does; ``metadata_only`` is added where nobody named it.

    models: checkpoint directories, ``shipped``, baselines as ``NAME[:CHECKPOINT][,OPTION=VALUE]``, or predictors.
    corpus: a plug-in's name, opened at ``root``, or an open corpus. out: folder for the scores files; none by default.
    The others are the command's options.

    Raises LeakageError if a model was trained on these images or patients, unless ``allow_supervised``; with
    ``zero_shot``, also where one of our checkpoints has seen a finding.

    >>> radz.compare(["shipped", "chance"], corpus="rsna", root="/data/rsna").to_frame()  # doctest: +SKIP
    """
    claim = Claim(zero_shot, allow_supervised)
    images = open_images(corpus, root, split, options, fold)
    files = [Path(file) for file in findings_files]
    opener = ModelOpener(images, findings or images.diseases, tuple(strata), prompts, files)
    entries, notes = _open(opener, models)
    for entry in entries:
        require_unseen_images(describe(entry, images, diseases(entry.anchors, images.corpus)), claim)
    with progress("Scoring", len(images.corpus)) as advance:
        scored = score(entries, images, strata=strata, claim=claim, seed=seed, batch_size=batch_size, progress=advance)
    written = _write(scored.tables, Path(out)) if out is not None else {}
    settings = EvalSettings(draws, seed, uncertain, files)
    rows = model_rows(scored.tables, Checks(), notes, settings)
    costs = (
        measure_costs(entries, images, images_measured=IMAGES_MEASURED, batch_size=batch_size, calls=calls)
        if cost
        else []
    )
    return ComparisonResult(rows, scored.tables, written, uncertain, costs)


def _open(opener: ModelOpener, models: Sequence[str | Path | Predictor]) -> tuple[list[Entry], dict[str, str]]:
    """All models before any is run, metadata_only last where nobody named it, or why it has no number."""
    named = [parse_model(str(model)) for model in models if not isinstance(model, Predictor)]
    specs = iter(with_distinct_labels(named))
    entries = [
        entry_of(model, model.anchors(list(opener.findings)))
        if isinstance(model, Predictor)
        else opener.open(next(specs))
        for model in models
    ]
    notes: dict[str, str] = {}
    if METADATA not in {spec.where for spec in named}:
        try:
            entries.append(opener.open(parse_model(METADATA)))
        except RadzError as error:
            notes[METADATA] = str(error)
    return entries, notes


def _write(tables: Mapping[str, ScoresTable], out: Path) -> dict[str, Path]:
    files = {}
    for name, table in tables.items():
        provenance = table.provenance
        parts = (re.sub(r"\W+", "-", name).strip("-"), provenance.fingerprint[:8], provenance.corpus, provenance.split)
        files[name] = out / f"scores-{'-'.join(filter(None, parts))}.parquet"
        write_scores(table, files[name])
    return files
