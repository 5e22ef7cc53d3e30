"""A protocol in; trainings where it asks for them, raw scores and one page out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from radz.config import RunConfig, read_yaml
from radz.data.target import Target
from radz.errors import ConfigError, CorpusError, ImageError
from radz.eval.entry import Corpus, Entry, EvaluationSet
from radz.eval.few_labels import LabelledFeatures, LinearHead
from radz.eval.scoring import diseases, score
from radz.experiments.ablation.plan import OtherCorpus
from radz.experiments.inputs import PathLike, load_model
from radz.experiments.models import entry_of
from radz.experiments.progress import Bar, silent
from radz.experiments.protocol_plan import (
    AskedImages,
    ClaimedImages,
    HeldOutProtocol,
    LinearProtocol,
    Protocol,
    ZeroShotProtocol,
    load_protocol,
)
from radz.leakage.claims import NO_CLAIM, Claim
from radz.metrics.scores_file import ScoresTable, write_scores
from radz.report import markdown
from radz.report.blocks import Block, Page, Prose, Section
from radz.report.protocols import Share, findings_table, sets_table, shares_table
from radz.serve.predictor import Predictor
from radz.storage import atomic_file
from radz.types import RESEARCH_USE, ImageFeatures, Study


@dataclass(frozen=True)
class ProtocolResult:
    """page: the result, written as Markdown to ``path``. tables: raw scores by set and strategy, or by share; files:
    where they were written. notes: what was left out."""

    page: Page
    path: Path
    tables: Mapping[str, ScoresTable] = field(repr=False)
    files: Sequence[Path] = field(default=(), repr=False)
    notes: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"<ProtocolResult: {len(self.tables)} tables of scores; page {self.path}>"


def protocol(
    plan: PathLike,
    overrides: Iterable[str] = (),
    *,
    model: PathLike | Predictor | None = None,
    source: str | None = None,
    output: PathLike = Path("runs/protocols"),
    draws: int = 1000,
    seed: int = 0,
    batch_size: int = 16,
    progress: Bar = silent,
) -> ProtocolResult:
    """Run a held-out, zero-shot or linear protocol, as `radz protocol` does. Interrupted trainings resume.

    plan: a YAML protocol. overrides: ``a.b=value``. model: a checkpoint or predictor, the shipped one by default; not
    for held-out protocols, which train their own. output: directory of runs, scores and pages.
    """
    path = Path(plan)
    what = load_protocol(path, overrides)
    run = _ProtocolRun(Path(output) / path.stem, draws, seed, batch_size, source, progress)
    blocks = tuple(run.blocks(what, path.parent, model))
    page = Page(what.title, what.question, RESEARCH_USE, (Section("results", "Results", blocks),), "Protocol")
    target = run.folder / "page.md"
    with atomic_file(target) as partial:
        partial.write_text(markdown.render(page), encoding="utf-8")
    return ProtocolResult(page, target, run.tables, [run.path_of(name) for name in run.tables], run.notes)


@dataclass
class _ProtocolRun:
    folder: Path
    draws: int
    seed: int
    batch_size: int
    source: str | None
    progress: Bar
    tables: dict[str, ScoresTable] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def blocks(self, what: Protocol, plan_folder: Path, model: PathLike | Predictor | None) -> list[Block]:
        """The blocks of the page."""
        if isinstance(what, HeldOutProtocol):
            return self.held_out(what, plan_folder)
        predictor = load_model(model, source=self.source)
        return self.zero_shot(what, predictor) if isinstance(what, ZeroShotProtocol) else self.linear(what, predictor)

    def held_out(self, what: HeldOutProtocol, plan_folder: Path) -> list[Block]:
        """Train each set's model, or take the trained one, and evaluate it on that set."""
        groups = {}
        for name, config in what.configs(plan_folder, self.folder).items():
            predictor = load_model(_trained(config, name), source=self.source or config.model.source)
            groups[name] = self._strategies(name, what.evaluated(config, name), what.anchors, predictor)
        return self._page_tables(groups, whole=True)

    def zero_shot(self, what: ZeroShotProtocol, predictor: Predictor) -> list[Block]:
        """Evaluate the model on each corpus; a corpus that is not here is named with the reason."""
        groups, notes = {}, []
        for name, asked in what.images.items():
            try:
                groups[name] = self._strategies(name, asked, what.anchors, predictor)
            except CorpusError as error:
                notes.append(f"{name}: not here. {error}")
        if not groups:
            raise CorpusError("None of this protocol's corpora could be opened. " + " ".join(notes))
        return [*self._page_tables(groups, whole=False), *map(Prose, notes)]

    def linear(self, what: LinearProtocol, predictor: Predictor) -> list[Block]:
        """A head for each share and seed on the features of each corpus."""
        heads = {name: self._heads(name, asked, what, predictor) for name, asked in what.images.items()}
        warnings = [warning for name, (bare, _) in heads.items() for warning in _label_warning(name, bare)]
        return [shares_table(heads, draws=self.draws, seed=self.seed), *map(Prose, warnings)]

    def path_of(self, name: str) -> Path:
        """File of one table of scores."""
        return self.folder / f"{name}.parquet"

    def _strategies(
        self, name: str, asked: ClaimedImages, strategies: tuple[str, ...], predictor: Predictor
    ) -> dict[str, ScoresTable]:
        """Scores of ``asked`` under each strategy, each image read once; also written, a file each."""
        images = EvaluationSet.open(_target(asked))
        findings = asked.findings or images.diseases
        entries = [replace(entry_of(predictor, predictor.anchors(findings, s)), name=s) for s in strategies]
        tables = self._score(entries, images, Claim(zero_shot=asked.zero_shot))
        self._write({f"{name}.{strategy}": table for strategy, table in tables.items()})
        return tables

    def _heads(
        self, name: str, asked: AskedImages, what: LinearProtocol, predictor: Predictor
    ) -> tuple[ScoresTable, list[Share]]:
        """The model's own scores, and those of its heads."""
        images = EvaluationSet.open(_target(asked))
        anchors = predictor.anchors(asked.findings or images.diseases)
        concepts = diseases(anchors, images.corpus)
        data = self._labelled(images.target.open(what.train_split), concepts, predictor)
        cells = {(p, s): data.share(p, s) for p in what.percent for s in (what.seeds if p < 100 else what.seeds[:1])}
        encode = predictor.model.encode
        heads = {(p, s): LinearHead(f"linear-{p:g}-seed-{s}", encode, part) for (p, s), part in cells.items()}
        bare = replace(entry_of(predictor, anchors), name="anchors")
        entries = [bare, *(replace(bare, name=head.name, model=head) for head in heads.values())]
        tables = self._score(entries, images, NO_CLAIM)
        self._write({f"{name}.{label}": table for label, table in tables.items()})
        return tables["anchors"], [
            _share(percent, [(cells[key], heads[key], tables[heads[key].name]) for key in cells if key[0] == percent])
            for percent in what.percent
        ]

    def _score(self, entries: Sequence[Entry], images: EvaluationSet, claim: Claim) -> dict[str, ScoresTable]:
        with self.progress("Scoring", len(images.corpus)) as advance:
            scored = score(entries, images, claim=claim, seed=self.seed, batch_size=self.batch_size, progress=advance)
        return dict(scored.tables)

    def _labelled(self, corpus: Corpus, concepts: tuple[str, ...], predictor: Predictor) -> LabelledFeatures:
        """Embeddings and labels of the images that can be read."""
        studies: list[Study] = []
        parts: list[ImageFeatures] = []
        with self.progress("Encoding", len(corpus)) as advance:
            for start in range(0, len(corpus), self.batch_size):
                batch = _readable(corpus, start, self.batch_size)
                if batch:
                    parts.append(predictor.model.encode(batch))
                    studies += [replace(study, pixels=None) for study in batch]
                advance(min(self.batch_size, len(corpus) - start))
        if not studies:
            raise CorpusError(f"None of the {len(corpus)} training images could be read: see `radz data check`.")
        if lost := len(corpus) - len(studies):
            self.notes.append(
                f"{lost} of {len(corpus)} training images could not be read: `radz data check` lists them."
            )
        embeddings = ImageFeatures.concatenate(parts).embedding.double().numpy()
        return LabelledFeatures.of(studies, np.asarray(embeddings), concepts)

    def _page_tables(self, groups: Mapping[str, Mapping[str, ScoresTable]], *, whole: bool) -> list[Block]:
        sets = sets_table(groups, whole=whole, draws=self.draws, seed=self.seed)
        return [sets, findings_table(groups, draws=self.draws, seed=self.seed)]

    def _write(self, tables: Mapping[str, ScoresTable]) -> None:
        for name, table in tables.items():
            write_scores(table, self.path_of(name))
        self.tables |= tables


def _trained(config: RunConfig, name: str) -> Path:
    """The checkpoint of a run, trained or resumed unless it exists.

    Raises ConfigError if that directory holds a run of other settings.
    """
    from radz.training.train import train

    settings, checkpoint = config.output / "config.yaml", config.output / "checkpoint"
    if settings.is_file() and read_yaml(settings) != config.model_dump(mode="json"):
        raise ConfigError(f"{config.output} holds a run of other settings. Give another --output, or remove it.")
    if (checkpoint / "provenance.json").is_file():
        return checkpoint
    return train(config, command=f"radz protocol, set {name}")


def _share(percent: float, seeds: Sequence[tuple[LabelledFeatures, LinearHead, ScoresTable]]) -> Share:
    return Share(
        percent,
        patients=tuple(len(set(data.patients)) for data, _, _ in seeds),
        images=tuple(len(data.patients) for data, _, _ in seeds),
        unlearned=tuple(len(head.unlearned) for _, head, _ in seeds),
        tables=tuple(table for _, _, table in seeds),
    )


def _target(asked: OtherCorpus) -> Target:
    return Target(asked.corpus, asked.root, asked.split, asked.options)


def _readable(corpus: Corpus, start: int, size: int) -> list[Study]:
    """The studies of one batch whose images can be read."""
    studies = []
    for i in range(start, min(start + size, len(corpus))):
        try:
            study = corpus[i]
        except ImageError:
            continue
        if study.pixels is not None:
            studies.append(study)
    return studies


def _label_warning(name: str, table: ScoresTable) -> list[str]:
    """A warning where the features themselves were learned with these labels."""
    trained = [concept for concept, mark in table.provenance.exposure.items() if mark == "supervised"]
    if not trained:
        return []
    return [
        f"{name}: the features were trained with labels of {', '.join(trained)}: more labels than the share were used, "
        "so this says nothing about learning from few."
    ]
