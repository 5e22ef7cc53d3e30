"""``radz protocol``: a protocol in, trainings if it asks for them, raw scores and one table out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.cli._opening import load_predictor, progress_bar, scores_provenance
from radz.cli._overlap import shared_with_training
from radz.errors import ConfigError, CorpusError
from radz.storage import atomic_file
from radz.types import RESEARCH_USE

if TYPE_CHECKING:
    from radz.config import RunConfig
    from radz.data.target import Target
    from radz.eval.few_labels import LabelledFeatures, LinearHead
    from radz.experiments.ablation.plan import OtherCorpus
    from radz.experiments.protocol_plan import AskedFilms, Films, HeldOutProtocol, LinearProtocol, ZeroShotProtocol
    from radz.metrics.scores_file import ScoresTable
    from radz.report.blocks import Block
    from radz.report.protocols import Share
    from radz.serve.predictor import Predictor


def protocol(
    plan: Annotated[Path, typer.Argument(help="YAML protocol; shipped are configs/protocols/.")],
    *,
    model: Annotated[
        Path | None, typer.Option(help="Checkpoint directory; the shipped one by default. Not for held_out.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where the backbone's weights are, if not where trained.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override one setting of the protocol: a.b=value. Repeatable.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Directory of runs, scores and pages.")] = Path("runs/protocols"),
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Run a held-out, zero-shot or linear protocol and show its table. Trainings go on where they were interrupted."""
    from radz.experiments.protocol_plan import HeldOutProtocol, ZeroShotProtocol, load_protocol
    from radz.report import markdown
    from radz.report.blocks import Page, Section
    from radz.report.console import open_console, show

    what = load_protocol(plan, set_ or ())
    how = _How(output / plan.stem, draws, seed, batch_size, source)
    if isinstance(what, HeldOutProtocol):
        blocks = how.held_out(what, plan.parent)
    elif isinstance(what, ZeroShotProtocol):
        blocks = how.zero_shot(what, load_predictor(model, source, ()))
    else:
        blocks = how.linear(what, load_predictor(model, source, ()))
    page = Page(what.title, what.question, RESEARCH_USE, (Section("results", "Results", tuple(blocks)),), "Protocol")
    with atomic_file(how.folder / "page.md") as partial:
        partial.write_text(markdown.render(page), encoding="utf-8")
    show(page, open_console())


@dataclass(frozen=True, slots=True)
class _How:
    folder: Path
    draws: int
    seed: int
    batch_size: int
    source: str | None

    def held_out(self, what: HeldOutProtocol, beside: Path) -> list[Block]:
        """Train each set's model, or find it trained, and judge it on exactly its set."""
        groups = {}
        for name, config in what.configs(beside, self.folder).items():
            checkpoint = _trained(config, name)
            predictor = load_predictor(checkpoint, self.source or config.model.source, ())
            groups[name] = self._strategies(name, what.films(config, name), what.anchors, predictor)
        return self._tables(groups, whole=True)

    def zero_shot(self, what: ZeroShotProtocol, predictor: Predictor) -> list[Block]:
        """Judge the model on each corpus; one that is not here is named with what its opening says."""
        from radz.report.blocks import Prose

        groups, notes = {}, []
        for name, films in what.films.items():
            try:
                groups[name] = self._strategies(name, films, what.anchors, predictor)
            except CorpusError as error:
                notes.append(f"{name}: not here. {error}")
        if not groups:
            raise CorpusError("No films of this protocol are here. " + " ".join(notes))
        return [*self._tables(groups, whole=False), *map(Prose, notes)]

    def linear(self, what: LinearProtocol, predictor: Predictor) -> list[Block]:
        """A head for each share and seed on the features of each corpus."""
        from radz.report.blocks import Prose
        from radz.report.protocols import shares_table

        heads = {name: self._heads(name, films, what, predictor) for name, films in what.films.items()}
        warnings = [warning for name, (bare, _) in heads.items() for warning in _met(name, bare)]
        return [shares_table(heads, draws=self.draws, seed=self.seed), *map(Prose, warnings)]

    def _strategies(
        self, name: str, films: Films, strategies: tuple[str, ...], predictor: Predictor
    ) -> dict[str, ScoresTable]:
        """Scores of ``films`` under each strategy, each film read once; also written, a file each."""
        from radz.eval.anchor_sets import under_each
        from radz.eval.scoring import diseases, score_models
        from radz.leakage.claims import check_claim

        target = _target(films)
        corpus = target.open()
        sets = {s: predictor.anchors(films.findings or _diseases(corpus), s) for s in strategies}
        first = sets[strategies[0]]
        made = scores_provenance(predictor, target, corpus, first, diseases(first, corpus), seed=self.seed)
        made = replace(made, overlap=shared_with_training(predictor.provenance, corpus, target.corpus))
        made = check_claim(made, zero_shot=films.zero_shot)
        with progress_bar(len(corpus)) as advance:
            models = under_each(predictor.model, sets)
            tables = score_models(models, corpus, first, provenance=made, batch_size=self.batch_size, progress=advance)
        named = {s: replace(t, provenance=replace(t.provenance, anchors=s)) for s, t in tables.items()}
        self._write({f"{name}.{strategy}": table for strategy, table in named.items()})
        return named

    def _heads(
        self, name: str, films: AskedFilms, what: LinearProtocol, predictor: Predictor
    ) -> tuple[ScoresTable, list[Share]]:
        """The model's own scores, and those of its heads."""
        from radz.eval.few_labels import LinearHead, Remembered
        from radz.eval.scoring import diseases, score_models

        target = _target(films)
        corpus = target.open()
        anchors = predictor.anchors(films.findings or _diseases(corpus))
        concepts = diseases(anchors, corpus)
        encode = Remembered(lambda studies: predictor.model.encode(studies).embedding.double().numpy())
        data = _features(target.open(what.train_split), concepts, encode, self.batch_size)
        cells = {(p, s): data.share(p, s) for p in what.percent for s in (what.seeds if p < 100 else what.seeds[:1])}
        heads = {(p, s): LinearHead(f"linear-{p:g}-seed-{s}", encode, own) for (p, s), own in cells.items()}
        made = scores_provenance(predictor, target, corpus, anchors, concepts, seed=self.seed)
        made = replace(made, overlap=shared_with_training(predictor.provenance, corpus, target.corpus))
        models: dict[str, Any] = {"anchors": predictor.model, **{head.name: head for head in heads.values()}}
        with progress_bar(len(corpus)) as advance:
            tables = score_models(
                models, corpus, anchors, provenance=made, batch_size=self.batch_size, progress=advance
            )
        self._write({f"{name}.{label}": table for label, table in tables.items()})
        return tables["anchors"], [
            _share(percent, [(cells[key], heads[key], tables[heads[key].name]) for key in cells if key[0] == percent])
            for percent in what.percent
        ]

    def _tables(self, groups: Mapping[str, Mapping[str, ScoresTable]], *, whole: bool) -> list[Block]:
        from radz.report.protocols import findings_table, sets_table

        sets = sets_table(groups, whole=whole, draws=self.draws, seed=self.seed)
        return [sets, findings_table(groups, draws=self.draws, seed=self.seed)]

    def _write(self, tables: Mapping[str, ScoresTable]) -> None:
        from radz.metrics.scores_file import write_scores

        for name, table in tables.items():
            path = self.folder / f"{name}.parquet"
            write_scores(table, path)
            Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"scores: {path}")


def _trained(config: RunConfig, name: str) -> Path:
    """The checkpoint of a run, trained or resumed unless it is there.

    Raises ConfigError where that directory holds a run of other settings.
    """
    from radz.config import read_yaml
    from radz.train.train import train

    settings, checkpoint = config.output / "config.yaml", config.output / "checkpoint"
    if settings.is_file() and read_yaml(settings) != config.model_dump(mode="json"):
        raise ConfigError(f"{config.output} holds a run of other settings. Give another --output, or remove it.")
    if (checkpoint / "provenance.json").is_file():
        return checkpoint
    return train(config, command=f"radz protocol, set {name}")


def _share(percent: float, seeds: Sequence[tuple[LabelledFeatures, LinearHead, ScoresTable]]) -> Share:
    from radz.report.protocols import Share

    return Share(
        percent,
        patients=tuple(len(set(data.patients)) for data, _, _ in seeds),
        films=tuple(len(data.patients) for data, _, _ in seeds),
        unlearned=tuple(len(head.unlearned) for _, head, _ in seeds),
        tables=tuple(table for _, _, table in seeds),
    )


def _target(films: OtherCorpus) -> Target:
    from radz.data.target import Target

    return Target(films.corpus, films.root, films.split, films.options)


def _diseases(corpus: Any) -> list[str]:
    from radz.types import NORMAL

    return [finding for finding in corpus.findings if finding != NORMAL]


def _features(corpus: Any, concepts: tuple[str, ...], encode: Any, batch_size: int) -> LabelledFeatures:
    """Features and labels of the films that can be read; how many cannot is said."""
    import numpy as np

    from radz.errors import ImageError
    from radz.eval.few_labels import LabelledFeatures

    studies, rows = [], []
    with progress_bar(len(corpus)) as advance:
        for start in range(0, len(corpus), batch_size):
            batch = []
            for i in range(start, min(start + batch_size, len(corpus))):
                try:
                    batch.append(corpus[i])
                except ImageError:
                    continue
            if batch:
                rows.append(encode(batch))
                studies += [replace(study, pixels=None) for study in batch]
            advance(min(batch_size, len(corpus) - start))
    if not studies:
        raise CorpusError(f"None of the {len(corpus)} films to learn from could be read: see `radz data check`.")
    if lost := len(corpus) - len(studies):
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(
            f"{lost} of {len(corpus)} films to learn from could not be read: `radz data check` lists them."
        )
    return LabelledFeatures.of(studies, np.concatenate(rows), concepts)


def _met(name: str, table: ScoresTable) -> list[str]:
    """A warning where the features themselves were learned with these labels."""
    met = [c for c, mark in table.provenance.exposure.items() if mark == "supervised"]
    if not met:
        return []
    return [
        f"{name}: the features were trained with labels of {', '.join(met)}: more labels than the share were used, "
        "and this says nothing of learning from few."
    ]
