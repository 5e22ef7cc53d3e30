"""A model and its references scored on a corpus, for ``radz evaluate``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radz.cli._cost import with_costs
from radz.cli._opening import progress_bar, scores_provenance
from radz.errors import ConfigError, RadzError
from radz.types import NORMAL, Exposure

if TYPE_CHECKING:
    from radz.anchors import PromptPair
    from radz.calibration.calibration_file import StoredCalibration
    from radz.data.target import Target
    from radz.eval.robustness import Checks
    from radz.metrics.scores_file import ScoresProvenance, ScoresTable
    from radz.serve.predictor import Predictor
    from radz.types import Anchors, ZeroShotModel


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation. findings: as the user names them; prompt: the wording instead of the anchors."""

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
        from radz.eval.robustness import prompted
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
        from radz.eval.robustness import Checks, score_controls, score_prompts

        checks = Checks()
        if not controls and not pairs:
            return checks
        corpus, model = self.target.open(), self.predictor.model
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
        from radz.calibration.attached import attach_calibration

        if why:
            return replace(table, provenance=replace(table.provenance, uncalibrated=why))
        stored, marks = self.predictor.calibration, table.provenance.exposure
        assert stored is not None
        known = [
            concept
            for concept, texts in zip(anchors.concepts, anchors.texts, strict=True)
            if stored.knows(concept, texts) and marks.get(concept) != Exposure.UNSEEN
        ]
        return attach_calibration(table, stored, known, _distances(stored, model.looks))


def _distances(stored: StoredCalibration, looks: Mapping[str, Any]) -> dict[str, float]:
    """Study id -> distance from the calibration films; none where they were too few."""
    if stored.out_of_distribution is None:
        return {}
    return {study: float(stored.out_of_distribution.distances(row[None])[0]) for study, row in looks.items()}


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
        made: ZeroShotModel = plugin.of_encoder(predictor.model, predictor.tower_head)
        return made

    return {"supervised": supervised, "metadata_only": metadata_only}


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


def _unexposed(table: ScoresTable) -> ScoresTable:
    """A reference is no checkpoint: what the evaluated model has seen is not said of it."""
    bare = replace(table.provenance, fingerprint="", anchors="", exposure={}, overlap=(), claim="")
    return replace(table, provenance=bare)


def trained_count(model: Path | None) -> int:
    """Trained parameters of a checkpoint, the shipped one by default."""
    from radz.model.checkpoint import trained_parameters
    from radz.serve.predictor import shipped_checkpoint

    return trained_parameters(model or shipped_checkpoint())
