"""Prompt sensitivity and shortcut controls of an evaluation: further scores of one model, and what they show.

A model that encodes images needs no further pass over them: other wordings and permuted images are computed from the
features that the main run kept. Any other model scores the images again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from radz.errors import ConfigError, RadzError, ScoresError
from radz.eval.controls import Controls, Predicted, assess_negation, image_controls, predict_metadata
from radz.eval.entry import Corpus, Entry
from radz.eval.permuted_images import PermutedImages, blank_image, image_donors
from radz.eval.prompts import PromptSensitivity, prompt_sensitivity
from radz.eval.scoring import Scored, columns_of, rows_of, score_batches
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import ScoresTable, make_rows
from radz.metrics.summary import summarise
from radz.types import Anchors, ImageFeatures, Study, TwoStepModel

if TYPE_CHECKING:
    from radz.anchors import PromptPair

POSITIVE, NEGATIVE = "positive", "negative"
KEYS = ("source", "view")


@dataclass
class Checks:
    """Further tables of one model by the name of their file's part, and notes on what could not be computed."""

    prompts: dict[str, ScoresTable] = field(default_factory=dict)
    controls: dict[str, ScoresTable] = field(default_factory=dict)
    predicted: tuple[Predicted, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, ScoresTable]:
        """Part of a file name -> table."""
        named = {table.provenance.prompts.split("/")[0]: table for table in self.prompts.values()}
        named |= {f"control {name}": table for name, table in self.controls.items()}
        return {name.replace(" ", "-"): table for name, table in named.items()}


@dataclass(frozen=True, slots=True)
class ScoredEntry:
    """One scored model, ready to be scored again: its main table, and its features where they were kept."""

    entry: Entry
    corpus: Corpus
    main: ScoresTable
    features: ImageFeatures | None
    batch_size: int = 16

    @classmethod
    def of(cls, scored: Scored, entry: Entry, corpus: Corpus, batch_size: int = 16) -> ScoredEntry:
        """The part of ``scored`` for ``entry``."""
        return cls(entry, corpus, scored.tables[entry.name], scored.features.get(entry.name), batch_size)

    @property
    def rows(self) -> list[int]:
        """Rows of the corpus that were scored."""
        scored = set(self.main.rows["study"])
        return [i for i, record in enumerate(self.corpus.records) if record.study_id in scored]

    @property
    def records(self) -> list[Study]:
        """The studies that were scored, without pixels."""
        return [self.corpus.records[row] for row in self.rows]

    def under(self, sets: Mapping[str, Anchors]) -> dict[str, ScoresTable]:
        """Scores of the same images under other anchors, by the name of the set."""
        if self.features is not None:
            return {name: self._from_features(self.features, anchors) for name, anchors in sets.items()}
        entries = [replace(self.entry, name=name, anchors=anchors) for name, anchors in sets.items()]
        tables, _, _ = self._again(entries, PermutedImages(self.corpus, self.rows, self.rows))
        return {name: ScoresTable(table, self.main.provenance) for name, table in tables.items()}

    def showing(self, donors: Sequence[int] | None) -> ScoresTable:
        """Scores of the same studies with other images: of ``donors``, indices into ``records``, or blank ones."""
        if self.features is not None and isinstance(self.entry.model, TwoStepModel):
            if donors is None:
                blank = self.entry.model.encode([Study("blank", "", pixels=blank_image())])
                return self._from_features(blank.take([0] * len(self.features)), self.entry.anchors)
            return self._from_features(self.features.take(donors), self.entry.anchors)
        rows = self.rows
        permuted = PermutedImages(self.corpus, rows, None if donors is None else [rows[i] for i in donors])
        tables, _, _ = self._again([self.entry], permuted)
        return ScoresTable(tables[self.entry.name], self.main.provenance)

    def _from_features(self, features: ImageFeatures, anchors: Anchors) -> ScoresTable:
        assert isinstance(self.entry.model, TwoStepModel)
        scores = self.entry.model.similarity(features, anchors)
        rows = rows_of(self.records, scores, self.main.provenance.strata)
        return ScoresTable(make_rows(columns_of(rows)), self.main.provenance)

    def _again(self, entries: Sequence[Entry], corpus: Corpus) -> Any:
        return score_batches(entries, corpus, strata=self.main.provenance.strata, batch_size=self.batch_size)


def score_prompts(sets: Mapping[PromptPair, Anchors], scored: ScoredEntry) -> dict[str, ScoresTable]:
    """Scores under the anchors of each wording, by the name of the wording."""
    tables = scored.under({pair.name: anchors for pair, anchors in sets.items()})
    return {
        pair.name: _described(tables[pair.name], anchors="names", prompts=f"{pair.name} {pair.sha256}") for pair in sets
    }


def score_controls(scored: ScoredEntry, *, draws: int, seed: int) -> Checks:
    """Scores without the images, with other patients' images, and of statements and denials alone; a metadata probe.

    What cannot be computed has its reason in the notes.
    """
    checks = Checks()

    def images() -> None:
        for name, donors in image_donors(scored.records, scored.main.provenance.strata, seed).items():
            rows = None if donors is None else [int(row) for row in donors]
            checks.controls[name] = _described(scored.showing(rows), control=name)

    def negation() -> None:
        for name, table in scored.under(sides(scored.entry.anchors)).items():
            checks.controls[name] = _described(table, control=name)

    def metadata() -> None:
        checks.predicted = tuple(predict_metadata(_embeddings(scored), scored.records, KEYS, draws=draws, seed=seed))

    for name, make in {"images": images, "negation": negation, "source and view from features": metadata}.items():
        try:
            make()
        except RadzError as error:
            checks.notes[name] = str(error)
    return checks


def sides(anchors: Anchors) -> dict[str, Anchors]:
    """Anchors of the statements and of the denials alone. Raises ScoresError without denials."""
    if anchors.negative is None:
        raise ScoresError(f"The anchors '{anchors.strategy}' have no denials, so there is no score of \"no X\".")
    rows = {POSITIVE: anchors.positive, NEGATIVE: anchors.negative}
    return {name: Anchors(anchors.concepts, side, None, anchors.texts, anchors.strategy) for name, side in rows.items()}


def partition(tables: Sequence[ScoresTable]) -> tuple[list[ScoresTable], Checks]:
    """The models' tables, and further scores of the first model: wordings of a set, and controls."""
    models, checks = [], Checks()
    for table in tables:
        provenance = table.provenance
        if provenance.control:
            checks.controls[provenance.control] = table
        elif re.search(r" \d+/(?!1 )\d+ ", provenance.prompts):
            checks.prompts[provenance.prompts] = table
        else:
            models.append(table)
    if not models:
        raise ConfigError("These scores are wordings and controls only: give the file of the main result first.")
    return models, checks


def sensitivity(checks: Checks, *, draws: int, seed: int, uncertain: UncertainPolicy) -> PromptSensitivity | None:
    """Over the wordings, where there are any."""
    if not checks.prompts:
        return None
    return prompt_sensitivity(
        [summarise(table, draws=draws, seed=seed, uncertain=uncertain) for table in checks.prompts.values()]
    )


def assess_controls(checks: Checks, *, draws: int, seed: int, uncertain: UncertainPolicy) -> Controls | None:
    """What the controls show, where there are any."""
    if not (checks.controls or checks.predicted or checks.notes):
        return None
    images = {name: table for name, table in checks.controls.items() if name not in (POSITIVE, NEGATIVE)}
    pair = [checks.controls[name] for name in (POSITIVE, NEGATIVE) if name in checks.controls]
    return Controls(
        images=tuple(image_controls(images, draws=draws, seed=seed, uncertain=uncertain)),
        negation=assess_negation(*pair, draws=draws, seed=seed, uncertain=uncertain) if len(pair) == 2 else None,
        predicted=checks.predicted,
        notes=checks.notes,
    )


def _described(table: ScoresTable, **changes: Any) -> ScoresTable:
    return replace(table, provenance=replace(table.provenance, **changes))


def _embeddings(scored: ScoredEntry) -> dict[str, Any]:
    """Study id -> the model's embedding of its image, (E,)."""
    if scored.features is None:
        raise ScoresError(f"'{scored.entry.name}' gives no features of images, only scores.")
    rows = scored.features.embedding.double().numpy()
    return dict(zip(scored.features.study_ids, rows, strict=True))
