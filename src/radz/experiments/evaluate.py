"""A model and a labelled corpus in; raw scores and metrics with intervals out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radz import registry
from radz.calibration.attached import attach_calibration, attach_reference
from radz.config import parse_options
from radz.data.aliases import read_aliases
from radz.data.studies import readable
from radz.data.target import Target
from radz.errors import ConfigError, RadzError
from radz.eval.cost import CALLS, Cost, measure_cost
from radz.eval.entry import Entry, EvaluationSet, OverlapCheck
from radz.eval.robustness import Checks, ScoredEntry, partition, score_controls, score_prompts
from radz.eval.scoring import STRATA, Scored, score
from radz.experiments.frequency import usual_frequency
from radz.experiments.inputs import Options, PathLike, load_model, open_images
from radz.experiments.models import entry_of, trained_count
from radz.experiments.outcome import EvaluationResult
from radz.experiments.progress import Bar, silent
from radz.experiments.rows import EvalSettings, by_model, model_rows
from radz.leakage.claims import Claim, check_claim, named_by_claim
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, read_scores, write_scores
from radz.metrics.thresholds import read_thresholds
from radz.serve.predictor import Predictor
from radz.types import Anchors, Exposure, ZeroShotModel

if TYPE_CHECKING:
    from radz.anchors import PromptPair


def evaluate(
    model: PathLike | Predictor | None = None,
    *,
    corpus: Any = None,
    root: PathLike | None = None,
    split: str = "test",
    options: Options = (),
    fold: str | None = None,
    scores: Sequence[PathLike] = (),
    source: str | None = None,
    anchors: str | None = None,
    prompts: str | None = None,
    controls: bool = False,
    findings: Sequence[str] | None = None,
    findings_files: Sequence[PathLike] = (),
    strata: Sequence[str] = STRATA,
    out: PathLike | None = None,
    cost: bool = False,
    draws: int = 1000,
    seed: int = 0,
    uncertain: UncertainPolicy = "ignore",
    thresholds: Sequence[PathLike] = (),
    calibration: PathLike | None = None,
    zero_shot: bool = False,
    allow_supervised: bool = False,
    aliases: PathLike | None = None,
    trained_root: PathLike | None = None,
    trained_options: Iterable[str] = (),
    batch_size: int = 16,
    progress: Bar = silent,
) -> EvaluationResult:
    """Evaluate a model on a labelled corpus, as `radz evaluate` does.

    model: a checkpoint directory, the shipped one by default, or a predictor. corpus: a plug-in's name, opened at
    ``root``, or an open corpus. scores: compute from these files instead. anchors, prompts: what is asked; the model's
    own strategy by default. out: folder or .parquet file for the scores; without it nothing is written. trained_root:
    directory of the training corpus, to compare its images with these by pixels. The others are the command's options.

    Raises LeakageError for a run that leaks and is called zero-shot, and for studies that a training did not leave out.

    >>> radz.evaluate(corpus="chestxray14", root="/data/ChestX-ray14").to_frame()  # doctest: +SKIP
    """
    claim = Claim(zero_shot, allow_supervised)
    wording, wordings = split_prompts(prompts, anchors)
    chosen = tuple(read_thresholds(Path(path)) for path in thresholds)
    files = [Path(file) for file in findings_files]
    settings = EvalSettings(draws, seed, uncertain, files, chosen)
    if scores:
        return evaluate_scores([read_scores(Path(path)) for path in scores], claim, settings)
    images = open_images(corpus, root, split, options, fold)
    predictor = load_model(model, source=source, findings_files=files, calibration=calibration)
    overlap = _overlap_check(predictor, aliases, trained_root, trained_options)
    run = _Run(predictor, images, tuple(strata), seed, batch_size, progress)
    asked = run.anchors(findings or images.diseases, anchors, wording)
    entry = entry_of(predictor, asked, "" if wording is None else f"{wording.name} {wording.sha256}")
    references, notes = run.references(entry)
    keep = controls or bool(wordings) or predictor.calibration is not None
    scored = run.score([entry, *references], claim, overlap, keep_features=keep)
    tables = dict(scored.tables)
    if cost:
        trained = trained_count(None if model is None or isinstance(model, Predictor) else Path(model))
        tables = run.with_costs(tables, [replace(entry, trained_parameters=trained), *references])
    written = write_tables(tables, Path(out)) if out is not None else {}  # before the checks, which may be interrupted
    checks = run.check(scored, entry, wordings, controls=controls, draws=draws)
    if written:
        written |= _write_beside(written[entry.name], checks.files())
    return EvaluationResult(model_rows(tables, checks, notes, settings), tables, written, uncertain)


def evaluate_scores(tables: Sequence[ScoresTable], claim: Claim, settings: EvalSettings) -> EvaluationResult:
    """Every metric again from tables of raw scores: the first is evaluated and compared with the others.

    Raises LeakageError for a claim that the first table does not bear out.
    """
    (first, *others), checks = partition(tables)
    named = by_model([replace(first, provenance=check_claim(first.provenance, claim)), *others])
    return EvaluationResult(model_rows(named, checks, {}, settings), named, {}, settings.uncertain)


def split_prompts(which: str | None, anchors: str | None) -> tuple[PromptPair | None, tuple[PromptPair, ...]]:
    """A set of one wording is evaluated; over a set of several, the result's sensitivity is measured.

    Raises ConfigError if both prompts and an anchor strategy are given, and as ``load_prompts``.
    """
    if which is None:
        return None, ()
    if anchors is not None:
        raise ConfigError(
            f"--prompts {which} and --anchors {anchors}: a prompt is an anchor of one sentence. Give one of the two."
        )
    from radz.anchors import load_prompts

    pairs = load_prompts(which)
    return (pairs[0], ()) if len(pairs) == 1 else (None, pairs)


@dataclass(frozen=True, slots=True)
class _Run:
    """One evaluation of a predictor."""

    predictor: Predictor
    images: EvaluationSet
    strata: tuple[str, ...]
    seed: int
    batch_size: int
    progress: Bar

    def anchors(self, findings: Sequence[str], strategy: str | None, wording: PromptPair | None) -> Anchors:
        if wording is not None:
            return self.predictor.prompted(findings, wording)
        return self.predictor.anchors(findings, strategy)

    def score(self, entries: Sequence[Entry], claim: Claim, overlap: OverlapCheck, *, keep_features: bool) -> Scored:
        """Scores of the model and its references on identical studies; the model's with its calibration attached."""
        with self.progress("Scoring", len(self.images.corpus)) as advance:
            scored = score(
                entries,
                self.images,
                strata=self.strata,
                claim=claim,
                overlap=overlap,
                seed=self.seed,
                batch_size=self.batch_size,
                keep_features=keep_features,
                progress=advance,
            )
        name = entries[0].name
        table = self._with_reference(self._with_calibration(scored, entries[0]), entries[0].anchors)
        table = self._with_frequency(table)
        return replace(scored, tables={**scored.tables, name: table})

    def check(
        self, scored: Scored, entry: Entry, wordings: Sequence[PromptPair], *, controls: bool, draws: int
    ) -> Checks:
        """Scores under other wordings and, where asked for, of the shortcut controls, on the same studies."""
        again = ScoredEntry.of(scored, entry, self.images.corpus, self.batch_size)
        checks = score_controls(again, draws=draws, seed=self.seed) if controls else Checks()
        if wordings:
            sets = {pair: self.predictor.prompted(again.main.concepts, pair) for pair in wordings}
            checks.prompts = score_prompts(sets, again)
        return checks

    def with_costs(self, tables: Mapping[str, ScoresTable], entries: Sequence[Entry]) -> dict[str, ScoresTable]:
        """The tables, each with its model's cost on the first readable images."""
        costs = measure_costs(entries, self.images, images_measured=self.batch_size, batch_size=self.batch_size)
        return {
            name: replace(table, provenance=replace(table.provenance, cost=asdict(cost)))
            for (name, table), cost in zip(tables.items(), costs, strict=True)
        }

    def references(self, entry: Entry) -> tuple[list[Entry], dict[str, str]]:
        """Reference rows, to which exposure does not apply, and why one is missing."""
        entries, notes = [], {}
        for name, make in {"supervised": self._supervised, "metadata_only": self._metadata_only}.items():
            try:
                entries.append(Entry(name, make(), entry.anchors, anchors_name=""))
            except RadzError as error:
                notes[name] = str(error)
        return entries, notes

    def _supervised(self) -> ZeroShotModel:
        if self.predictor.tower_head is None:
            raise ConfigError("no number: the checkpoint holds no head of a supervised warm-up")
        plugin = registry.load("baselines", "supervised")
        reference: ZeroShotModel = plugin.of_encoder(self.predictor.model, self.predictor.tower_head)
        return reference

    def _metadata_only(self) -> ZeroShotModel:
        if self.images.target.split == "train":
            raise ConfigError("no number: it would be fitted on the very studies that are evaluated")
        plugin = registry.load("baselines", "metadata_only")
        reference: ZeroShotModel = plugin(self.images.target.open("train").records, keys=self.strata)
        return reference

    def _with_reference(self, table: ScoresTable, anchors: Anchors) -> ScoresTable:
        """The table with the reference statistics of its findings, unless its studies are the reference images."""
        reference = self.predictor.reference
        if reference is None or anchors.strategy != reference.anchors or self.images.target.split == reference.split:
            return table
        return attach_reference(table, reference, anchors)

    def _with_frequency(self, table: ScoresTable) -> ScoresTable:
        """The table with how frequent its findings are elsewhere."""
        trained, stored = self.predictor.provenance, self.predictor.calibration
        frequency, frequency_of = usual_frequency(table.concepts, trained, stored, self.images.target)
        return replace(table, provenance=replace(table.provenance, frequency=frequency, frequency_of=frequency_of))

    def _with_calibration(self, scored: Scored, entry: Entry) -> ScoresTable:
        """The model's table with its calibration attached, or with the reason why it cannot be assessed."""
        table, stored = scored.tables[entry.name], self.predictor.calibration
        why = self._why_not_calibrated(entry.anchors)
        if stored is None or why:
            return replace(table, provenance=replace(table.provenance, uncalibrated=why))
        marks = table.provenance.exposure
        known = [
            concept
            for concept, texts in zip(entry.anchors.concepts, entry.anchors.texts, strict=True)
            if stored.knows(concept, texts) and marks.get(concept) != Exposure.UNSEEN
        ]
        distances: dict[str, float] = {}
        features = scored.features.get(entry.name)
        if stored.out_of_distribution is not None and features is not None and features.appearance is not None:
            values = stored.out_of_distribution.distances(features.appearance.astype("float64"))
            distances = dict(zip(features.study_ids, map(float, values), strict=True))
        return attach_calibration(table, stored, known, distances)

    def _why_not_calibrated(self, anchors: Anchors) -> str:
        stored, split = self.predictor.calibration, self.images.target.split
        if stored is None:
            return self.predictor.uncalibrated
        if anchors.strategy != stored.anchors:
            return f"calibrated for the anchors '{stored.anchors}' only"
        if split == stored.split:
            return f"fitted on split '{split}': assess it on images that it was not fitted on"
        return ""


def _overlap_check(
    predictor: Predictor, aliases: PathLike | None, trained_root: PathLike | None, trained_options: Iterable[str]
) -> OverlapCheck:
    names = None if aliases is None else read_aliases(Path(aliases))
    if trained_root is None:
        return OverlapCheck(names)
    trained = predictor.provenance
    return OverlapCheck(names, Target(trained.corpus, trained_root, trained.split, parse_options(trained_options)))


def measure_costs(
    entries: Sequence[Entry], images: EvaluationSet, *, images_measured: int, batch_size: int, calls: int = CALLS
) -> list[Cost]:
    """Cost of each model on the same first readable images, one model after the other."""
    studies = list(islice(readable(images.corpus), images_measured))  # type: ignore[arg-type]
    return [
        measure_cost(
            entry.model,
            studies,
            entry.anchors,
            name=entry.name,
            batch_size=batch_size,
            calls=calls,
            trained_parameters=entry.trained_parameters,
        )
        for entry in entries
    ]


def write_tables(tables: Mapping[str, ScoresTable], out: Path) -> dict[str, Path]:
    """Write the first table's scores to ``out``, a folder or a .parquet file, the others' next to it: model -> file."""
    (name, first), *others = tables.items()
    path = named_by_claim(_scores_path(first.provenance, out), first.provenance.claim)
    write_scores(first, path)
    return {name: path} | _write_beside(path, dict(others))


def _write_beside(path: Path, tables: Mapping[str, ScoresTable]) -> dict[str, Path]:
    files = {name: path.with_name(f"{path.stem}.{name}.parquet") for name in tables}
    for name, file in files.items():
        write_scores(tables[name], file)
    return files


def _scores_path(provenance: ScoresProvenance, out: Path) -> Path:
    if out.suffix == ".parquet":
        return out
    parts = (provenance.model, provenance.fingerprint[:8], provenance.corpus, provenance.split)
    return out / f"scores-{'-'.join(filter(None, parts))}.parquet"
