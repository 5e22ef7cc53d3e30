"""``radz evaluate``: a model and a labelled corpus in, raw scores and metrics with intervals out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.cli._checks import (
    Checks,
    partition,
    prompted,
    reading_once,
    score_controls,
    score_prompts,
    split_prompts,
)
from radz.cli._cost import with_costs
from radz.cli._options import Format
from radz.cli._overlap import shared_with_training
from radz.cli._pages import write_pages
from radz.cli._rows import How, model_rows, named
from radz.cli.thresholds import read_each
from radz.errors import ConfigError, RadzError
from radz.types import NORMAL, Exposure

if TYPE_CHECKING:
    from radz.anchors._prompts import PromptPair
    from radz.data.folds import Fold
    from radz.eval.scores_file import ScoresProvenance, ScoresTable
    from radz.eval.uncertainty import StoredCalibration
    from radz.report.tables import ModelRow
    from radz.serve.predictor import Predictor
    from radz.types import Anchors, ZeroShotModel


class Uncertain(StrEnum):
    """What an uncertain label counts as."""

    IGNORE = "ignore"
    ONES = "ones"
    ZEROS = "zeros"
    SEPARATE = "separate"


@dataclass(frozen=True, slots=True)
class Target:
    """The corpus to evaluate on."""

    corpus: str
    root: Path
    split: str
    options: Mapping[str, Any]
    fold: Fold | None = None

    def open(self, split: str | None = None) -> Any:
        """The split to evaluate, or another one opened with the same options."""
        from radz.data.folds import open_corpus

        return open_corpus(self.corpus, self.root, split or self.split, self.options, self.fold)


def evaluate(
    *,
    corpus: Annotated[str | None, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")] = None,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory, or its table.")] = None,
    split: Annotated[str, typer.Option(help="Split to evaluate.")] = "test",
    fold: Annotated[
        str | None, typer.Option(help="k/n, with --split val: the fold that a training under data.fold left out.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value, YAML, dotted keys. Repeatable.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the backbone's weights are, if not where trained.")] = None,
    anchors: Annotated[str | None, typer.Option(help="Anchor strategy; the model's own by default.")] = None,
    prompts: Annotated[
        str | None,
        typer.Option(help="default, paraphrases (median and worst are reported), or a YAML file of prompts."),
    ] = None,
    controls: Annotated[
        bool, typer.Option(help="Shortcut controls too: no film, another's film, negated prompts, source and view.")
    ] = False,
    finding: Annotated[list[str] | None, typer.Option(help="Finding to score; all of the corpus by default.")] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    stratum: Annotated[
        list[str] | None, typer.Option(help="Metadata key that strata share: source and view by default. Repeatable.")
    ] = None,
    from_scores: Annotated[
        list[Path] | None,
        typer.Option(help="Compute from this scores file instead; more files are models to compare. Repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder or .parquet file for the scores; here by default.")] = None,
    report: Annotated[
        list[Path] | None, typer.Option(help="Write the evaluation as a page too: .html, .md or .json. Repeatable.")
    ] = None,
    cost: Annotated[
        bool, typer.Option(help="Measure too what scoring costs: size, FLOPs, memory and speed on this machine.")
    ] = False,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    uncertain: Annotated[Uncertain, typer.Option(help="What uncertain labels count as.")] = Uncertain.IGNORE,
    thresholds: Annotated[
        list[Path] | None, typer.Option(help="File of `radz thresholds`, chosen on validation scores. Repeatable.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="File of `radz calibrate`; the one in the checkpoint by default.")
    ] = None,
    zero_shot: Annotated[
        bool, typer.Option(help="Refuse to run unless the model has met none of the findings, films and patients.")
    ] = False,
    allow_supervised: Annotated[
        bool, typer.Option(help="Run what --zero-shot would refuse, and call its result supervised.")
    ] = False,
    aliases: Annotated[
        Path | None, typer.Option(help="List of names that films have in another corpus: film,original or the RSNA's.")
    ] = None,
    check_overlap: Annotated[
        Path | None, typer.Option(help="Where the corpus trained on lies: compare its pictures with these too.")
    ] = None,
    overlap_option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus of --check-overlap: key=value. Repeatable.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Evaluate a model on a labelled corpus. Exit code 1 if an image could not be read."""
    from radz.eval.gate import judge, named_by_claim
    from radz.eval.scores_file import read_scores
    from radz.eval.scoring import STRATA
    from radz.report.page import check_path

    for path in report or ():
        check_path(path)
    notes: dict[str, str] = {}
    pair, pairs = split_prompts(prompts, anchors)
    chosen = read_each(thresholds or ())
    claim = partial(judge, zero_shot=zero_shot, allow_supervised=allow_supervised)
    if from_scores:
        (first, *others), checks = partition([read_scores(path) for path in from_scores])
        tables = named([replace(first, provenance=claim(first.provenance)), *others])
    else:
        target = make_target(corpus, root, split, option or (), fold)
        predictor = load_predictor(model, source, findings_file or (), calibration)
        shared = partial(
            shared_with_training, aliases=aliases, training_root=check_overlap, training_options=overlap_option or ()
        )
        run = _Run(predictor, target, tuple(stratum or STRATA), anchors, finding, seed, batch_size, pair)
        tables, notes = run.score(claim, shared, trained_count(model) if cost else None)
        path = _write(tables, out)  # before the checks, which take longer and may be interrupted
        checks = run.check(next(iter(tables.values())), pairs, controls=controls, draws=draws)
        _write_beside(path, checks.files())
    how = How(draws, seed, uncertain.value, findings_file or (), chosen)
    rows = model_rows(tables, checks, notes, how)
    _show(rows, format_, by_finding=bool(from_scores))
    if report:
        made = next(iter(tables.values())).provenance
        write_pages(rows, tables, [named_by_claim(path, made.claim) for path in report], how.uncertain)
    _list_unreadable(next(iter(tables.values())).provenance)


@dataclass(frozen=True, slots=True)
class _Run:
    predictor: Predictor
    target: Target
    strata: tuple[str, ...]
    strategy: str | None
    findings: Sequence[str] | None
    seed: int
    batch_size: int
    prompt: PromptPair | None = None

    def score(
        self,
        claim: Callable[[ScoresProvenance], ScoresProvenance],
        shared: Callable[..., tuple[str, ...]],
        trained: int | None = None,
    ) -> tuple[dict[str, ScoresTable], dict[str, str]]:
        """Scores of the model and of its references on identical studies, and why a reference has none.

        The model's hold what its calibration is judged by. trained: its trained parameters, where costs are measured.
        """
        from radz.eval.scoring import diseases, score_models

        corpus = self.target.open()
        anchors = self._anchors(corpus)
        concepts = diseases(anchors, corpus)
        made = scores_provenance(self.predictor, self.target, corpus, anchors, concepts, seed=self.seed)
        made = prompted(made, self.prompt)
        provenance = claim(replace(made, overlap=shared(self.predictor.provenance, corpus, self.target.corpus)))
        others, notes = _build(references(self.predictor, self.target, self.strata))
        model, why = self._recorded(anchors, provenance)
        models = {model.name: model, **others}
        with progress_bar(len(corpus)) as advance:
            tables = score_models(
                models,
                corpus,
                anchors,
                provenance=provenance,
                batch_size=self.batch_size,
                strata=self.strata,
                progress=advance,
            )
        tables = {name: _unexposed(table) if name in others else table for name, table in tables.items()}
        tables[model.name] = self._with_calibration(tables[model.name], anchors, model, why)
        if trained is not None:
            models[model.name] = self.predictor.model
            tables = with_costs(tables, models, corpus, anchors, batch_size=self.batch_size, trained=trained)
        return tables, notes

    def check(self, main: ScoresTable, pairs: Sequence[PromptPair], *, controls: bool, draws: int) -> Checks:
        """Scores under other wordings and, where asked for, of the shortcut controls, on the studies of ``main``."""
        checks = Checks()
        if not controls and not pairs:
            return checks
        corpus, model = self.target.open(), reading_once(self.predictor.model)
        if controls:
            checks = score_controls(
                model,
                corpus,
                self._anchors(corpus),
                main,
                draws=draws,
                seed=self.seed,
                batch_size=self.batch_size,
                bar=progress_bar,
            )
        if pairs:
            sets = {pair: self.predictor.prompted(main.concepts, pair) for pair in pairs}
            checks.prompts = score_prompts(sets, model, corpus, main, batch_size=self.batch_size, bar=progress_bar)
        return checks

    def _anchors(self, corpus: Any) -> Anchors:
        findings = self.findings or [finding for finding in corpus.findings if finding != NORMAL]
        if self.prompt is not None:
            return self.predictor.prompted(findings, self.prompt)
        return self.predictor.anchors(findings, self.strategy)

    def _recorded(self, anchors: Anchors, made: ScoresProvenance) -> tuple[ZeroShotModel, str]:
        """The model, with its films remembered where its calibration is to be judged; else why it is not."""
        stored, model = self.predictor.calibration, self.predictor.model
        if stored is None:
            return model, self.predictor.uncalibrated
        if anchors.strategy != stored.anchors:
            return model, f"calibrated for the anchors '{stored.anchors}' only"
        if made.split == stored.split:
            return model, f"fitted on split '{stored.split}': judge it on films that it was not fitted on"
        from radz.serve.recorder import Recorder

        return Recorder(model), ""

    def _with_calibration(self, table: ScoresTable, anchors: Anchors, model: Any, why: str) -> ScoresTable:
        from radz.eval.judgement import with_calibration

        if why:
            return replace(table, provenance=replace(table.provenance, uncalibrated=why))
        stored, marks = self.predictor.calibration, table.provenance.exposure
        assert stored is not None
        known = [
            concept
            for concept, texts in zip(anchors.concepts, anchors.texts, strict=True)
            if stored.knows(concept, texts) and marks.get(concept) != Exposure.UNSEEN
        ]
        return with_calibration(table, stored, known, _distances(stored, model.looks))


def _distances(stored: StoredCalibration, looks: Mapping[str, Any]) -> dict[str, float]:
    """Study id -> distance from the calibration films; none where they were too few."""
    if stored.familiarity is None:
        return {}
    return {study: float(stored.familiarity.distances(row[None])[0]) for study, row in looks.items()}


def trained_count(model: Path | None) -> int:
    """Trained parameters of a checkpoint, the shipped one by default."""
    from radz.model.checkpoint import trained_parameters
    from radz.serve.predictor import shipped_checkpoint

    return trained_parameters(model or shipped_checkpoint())


def scores_provenance(
    predictor: Predictor, target: Target, corpus: Any, anchors: Anchors, concepts: Sequence[str], *, seed: int = 0
) -> ScoresProvenance:
    """Where the scores of ``predictor`` on ``target`` come from. Raises LeakageError for films it was trained on."""
    from radz.data.leakage import require_left_out
    from radz.data.splits import split_hash
    from radz.eval.scores_file import ScoresProvenance

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


def references(predictor: Predictor, target: Target, strata: Sequence[str]) -> dict[str, Callable[[], ZeroShotModel]]:
    """Rows that stand beside the model: name -> how to make it. A RadzError becomes the row's note."""

    def metadata_only() -> ZeroShotModel:
        from radz import registry

        if target.split == "train":
            raise ConfigError("no number: it would be fitted on the very studies that are evaluated")
        made: ZeroShotModel = registry.load("baselines", "metadata_only")(target.open("train").records, keys=strata)
        return made

    def supervised() -> ZeroShotModel:
        from radz import registry

        if predictor.tower_head is None:
            raise ConfigError("no number: the checkpoint holds no head of a supervised warm-up")
        plugin = registry.load("baselines", "supervised")
        made: ZeroShotModel = plugin.of_tower(predictor.model.pool_films, predictor.tower_head)
        return made

    return {"supervised": supervised, "metadata_only": metadata_only}


def make_target(
    corpus: str | None, root: Path | None, split: str, options: Sequence[str], fold: str | None = None
) -> Target:
    """The corpus of the command line's options. Raises ConfigError where it is not named."""
    from radz.cli._options import parse_options
    from radz.data.folds import Fold

    if corpus is None or root is None:
        raise ConfigError(
            "Nothing to evaluate: give --corpus NAME and --root FOLDER, or scores with --from-scores FILE."
        )
    return Target(corpus, root, split, parse_options(options), None if fold is None else Fold.parse(fold))


def load_predictor(
    model: Path | None, source: str | None, findings_files: Sequence[Path], calibration: Path | None = None
) -> Predictor:
    """The model of the command line's options, with a sign of life while it loads."""
    from radz.serve.predictor import Predictor

    with Console(stderr=True).status("Loading the model (the first start prepares it, a minute or two) ..."):
        return Predictor.load(model, source=source, findings=findings_files, calibration=calibration)


def _build(
    makers: Mapping[str, Callable[[], ZeroShotModel]],
) -> tuple[dict[str, ZeroShotModel], dict[str, str]]:
    models, notes = {}, {}
    for name, make in makers.items():
        try:
            models[name] = make()
        except RadzError as error:
            notes[name] = str(error)
    return models, notes


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many studies are done."""
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scoring", total=total)
        yield lambda count: bar.advance(task, count)


def _unexposed(table: ScoresTable) -> ScoresTable:
    """A reference is no checkpoint: what the evaluated model has seen is not said of it."""
    bare = replace(table.provenance, fingerprint="", anchors="", exposure={}, overlap=(), claim="")
    return replace(table, provenance=bare)


def _write(tables: Mapping[str, ScoresTable], out: Path | None) -> Path:
    """Write the first table's scores to the file that is returned, the others' beside it."""
    from radz.eval.gate import named_by_claim

    made = next(iter(tables.values())).provenance
    path = named_by_claim(_scores_path(made, out), made.claim)
    (_, first), *others = tables.items()
    _save(first, path)
    _write_beside(path, dict(others))
    return path


def _write_beside(path: Path, tables: Mapping[str, ScoresTable]) -> None:
    for name, table in tables.items():
        _save(table, path.with_name(f"{path.stem}.{name}.parquet"))


def _save(table: ScoresTable, file: Path) -> None:
    from radz.eval.scores_file import write_scores

    write_scores(table, file)
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"scores: {file}")


def _scores_path(made: ScoresProvenance, out: Path | None) -> Path:
    if out is not None and out.suffix == ".parquet":
        return out
    parts = (made.model, made.fingerprint[:8], made.corpus, made.split)
    return (out or Path()) / f"scores-{'-'.join(filter(None, parts))}.parquet"


def _show(rows: Sequence[ModelRow], format_: Format, by_finding: bool) -> None:
    from radz.report.statistics import further_lines, further_tables
    from radz.report.tables import (
        as_record,
        findings_table,
        footnotes,
        groups_table,
        models_table,
        reliability_lines,
        reliability_tables,
    )

    if format_ is Format.JSON:
        typer.echo(json.dumps(as_record(rows), indent=2, ensure_ascii=False, default=str))
        return
    evaluation = rows[0].evaluation
    assert evaluation is not None
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(findings_table(evaluation))
    console.print(groups_table(evaluation))
    if len(rows) > 1:
        console.print(models_table(rows))
    found = rows[0].reliability
    for table in (*further_tables(rows, by_finding), *(reliability_tables(found) if found else ())):
        console.print(table)
    about = reliability_lines(found) if found else [f"Calibration not judged: {rows[0].uncalibrated}."]
    for line in (*further_lines(rows[0]), *about, *footnotes(evaluation)):
        console.print(line, markup=False)


def _list_unreadable(made: ScoresProvenance) -> None:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for study, reason in made.unreadable.items():
        console.print(f"unreadable: {study}: {reason}")
    if made.unreadable:
        console.print(f"{len(made.unreadable)} image(s) could not be read and are not in the result.")
        raise typer.Exit(1)
