"""Prompt sensitivity and shortcut controls of an evaluation: further scores of the model, and what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from radz.errors import ConfigError, RadzError
from radz.eval.anchor_sets import sides, under_each
from radz.eval.controls import Controls, Predicted, assess_negation, film_controls, predict_metadata
from radz.eval.permuted_images import ControlCorpus, control_corpora
from radz.eval.prompts import PromptSensitivity, prompt_sensitivity
from radz.eval.scoring import score_corpus, score_models
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, UncertainPolicy
from radz.metrics.summary import summarise
from radz.types import Anchors

if TYPE_CHECKING:
    from radz.anchors import PromptPair

POSITIVE, NEGATIVE = "positive", "negative"
KEYS = ("source", "view")
Bar = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Number of studies -> a block that is told how many are done."""


@dataclass
class Checks:
    """Further tables of one model by the name of their file's part, and what no table says."""

    prompts: dict[str, ScoresTable] = field(default_factory=dict)
    controls: dict[str, ScoresTable] = field(default_factory=dict)
    predicted: tuple[Predicted, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, ScoresTable]:
        """Part of a file name -> table."""
        named = {table.provenance.prompts.split("/")[0]: table for table in self.prompts.values()}
        named |= {f"control {name}": table for name, table in self.controls.items()}
        return {name.replace(" ", "-"): table for name, table in named.items()}


def score_prompts(
    sets: Mapping[PromptPair, Anchors], model: Any, corpus: Any, main: ScoresTable, *, batch_size: int, bar: Bar
) -> dict[str, ScoresTable]:
    """Scores under the anchors of each wording, films read and encoded once."""

    named = {pair.name: anchors for pair, anchors in sets.items()}
    models = under_each(model, named)
    made = replace(main.provenance, anchors="names")
    with bar(len(corpus)) as advance:
        tables = score_models(
            models,
            corpus,
            next(iter(sets.values())),
            provenance=made,
            batch_size=batch_size,
            strata=made.strata,
            progress=advance,
        )
    labels = {pair.name: f"{pair.name} {pair.sha256}" for pair in sets}
    return {
        name: replace(table, provenance=replace(table.provenance, model=made.model, prompts=labels[name]))
        for name, table in tables.items()
    }


def score_controls(
    model: Any,
    corpus: Any,
    anchors: Anchors,
    main: ScoresTable,
    *,
    draws: int,
    seed: int,
    batch_size: int,
    bar: Bar,
) -> Checks:
    """Scores without the films, with other patients' films, of statements and denials alone; and what features tell.

    model: a ZeroShotModel with ``encode_images``. What cannot be made has its reason in the notes.
    """

    made, checks = main.provenance, Checks()
    studies = set(main.rows["study"])
    rows = [i for i, record in enumerate(corpus.records) if record.study_id in studies]
    kept = ControlCorpus(corpus, rows, rows)

    def films() -> None:
        for name, changed in control_corpora(corpus, studies, made.strata, seed).items():
            with bar(len(changed)) as advance:
                checks.controls[name] = score_corpus(
                    model,
                    changed,
                    anchors,
                    provenance=replace(made, control=name),
                    batch_size=batch_size,
                    strata=made.strata,
                    progress=advance,
                )

    def negation() -> None:
        alone = sides(anchors)
        with bar(len(kept)) as advance:
            tables = score_models(
                under_each(model, alone),
                kept,
                alone[POSITIVE],
                provenance=made,
                batch_size=batch_size,
                strata=made.strata,
                progress=advance,
            )
        for name, table in tables.items():
            own = replace(table.provenance, model=made.model, control=name)
            checks.controls[name] = replace(table, provenance=own)

    def metadata() -> None:
        features = _features(model, kept, batch_size)
        checks.predicted = tuple(predict_metadata(features, corpus.records, KEYS, draws=draws, seed=seed))

    for name, make in {"films": films, "negation": negation, "source and view from features": metadata}.items():
        try:
            make()
        except RadzError as error:
            checks.notes[name] = str(error)
    return checks


def _features(model: Any, corpus: Any, batch_size: int) -> dict[str, Any]:
    """Study id -> the model's features of its film, (E,)."""
    found: dict[str, Any] = {}
    for start in range(0, len(corpus), batch_size):
        studies = [corpus[i] for i in range(start, min(start + batch_size, len(corpus)))]
        rows = model.encode(studies).embedding.double().numpy()
        found |= {study.study_id: row for study, row in zip(studies, rows, strict=True)}
    return found


def partition(tables: Sequence[ScoresTable]) -> tuple[list[ScoresTable], Checks]:
    """Models' tables, and those that are checks of the first of them: wordings of a set, and controls."""
    models, checks = [], Checks()
    for table in tables:
        made = table.provenance
        if made.control:
            checks.controls[made.control] = table
        elif re.search(r" \d+/(?!1 )\d+ ", made.prompts):
            checks.prompts[made.prompts] = table
        else:
            models.append(table)
    if not models:
        raise ConfigError("These scores are checks of a result alone: give the file of the result first.")
    return models, checks


def sensitivity(checks: Checks, *, draws: int, seed: int, uncertain: UncertainPolicy) -> PromptSensitivity | None:
    """Over the wordings, where there are any."""

    if not checks.prompts:
        return None
    return prompt_sensitivity(
        [summarise(table, draws=draws, seed=seed, uncertain=uncertain) for table in checks.prompts.values()]
    )


def assess_controls(checks: Checks, *, draws: int, seed: int, uncertain: UncertainPolicy) -> Controls | None:
    """What the controls say, where there are any."""

    if not (checks.controls or checks.predicted or checks.notes):
        return None
    films = {name: table for name, table in checks.controls.items() if name not in (POSITIVE, NEGATIVE)}
    pair = [checks.controls[name] for name in (POSITIVE, NEGATIVE) if name in checks.controls]
    return Controls(
        films=tuple(film_controls(films, draws=draws, seed=seed, uncertain=uncertain)),
        negation=assess_negation(*pair, draws=draws, seed=seed, uncertain=uncertain) if len(pair) == 2 else None,
        predicted=checks.predicted,
        notes=checks.notes,
    )


def prompted(made: ScoresProvenance, pair: PromptPair | None) -> ScoresProvenance:
    """The provenance with the wording that is evaluated."""
    return made if pair is None else replace(made, prompts=f"{pair.name} {pair.sha256}")
