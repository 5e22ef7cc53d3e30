"""Contents of a report: two models on the fake corpus, and what may stand beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eval_fakes import FINDINGS, Brightness, make_anchors, make_corpus
from radz.eval.calibration import Bin
from radz.eval.intervals import Interval
from radz.eval.reliability import Coverage, Quality, Reliability, SetRecall
from radz.eval.scores_file import ScoresProvenance, ScoresTable
from radz.eval.scoring import score_corpus
from radz.eval.zero_shot import compare, summarise
from radz.report.contents import Contents
from radz.report.tables import ModelRow

GROUPS = dict(zip(FINDINGS, ("cardiovascular", "other", "other"), strict=True))
DRAWS = 40


def made(model: str = "brightness", mark: str = "supervised") -> ScoresProvenance:
    return ScoresProvenance(
        model,
        fingerprint="0123456789abcdef",
        corpus="fake",
        options={"films": ["SECRET-1.png", "SECRET-2.png"], "where": {"view": "PA"}},
        split="test",
        split_hash="5911ad5b",
        anchors="names",
        strata=("source", "view"),
        exposure=dict.fromkeys(FINDINGS, mark),
        unreadable={"SECRET-3": "SECRET-3.png is not an image"},
        seed=7,
    )


def scores(model: str = "brightness", mark: str = "supervised", count: int = 80, noise: float = 0.0) -> ScoresTable:
    table = score_corpus(Brightness(), make_corpus(count), make_anchors(), provenance=made(model, mark))
    rows = table.rows.assign(score=table.rows["score"] + np.random.default_rng(0).normal(0, noise, len(table.rows)))
    return ScoresTable(rows.astype({"score": "float32"}), made(model, mark))


def reliability() -> Reliability:
    bins = tuple(Bin(p, p, Interval(p - 0.1, p + 0.1, 100, 0), 40, round(40 * p)) for p in (0.15, 0.25))
    return Reliability(
        findings=("effusion",),
        pairs=80,
        positives=16,
        qualities=(Quality("after: Platt per finding", 0.042, 0.1679),),
        films=80,
        risk_coverage=(Coverage(1.0, 80, 0.17), Coverage(0.5, 40, 0.19)),
        risk=0.17,
        aurc=0.18,
        refused=3,
        set_recall=SetRecall(0.852, 0.734, 0.970, 60, 30, 0.9, 2.1, 3),
        bins=bins,
    )


def contents(mark: str = "supervised", others: tuple[str, ...] = ("other",), **changed) -> Contents:
    """The evaluated model and others; ``changed`` are fields of its row."""
    tables = {"brightness": scores(mark=mark)} | {name: scores(name, noise=0.3) for name in others}
    first, *rest = tables.values()
    rows = [ModelRow("brightness", summarise(first, draws=DRAWS, groups=GROUPS), **changed)]
    rows += [ModelRow(t.provenance.model, summarise(t, draws=DRAWS), compare(first, t, draws=DRAWS)) for t in rest]
    rows.append(ModelRow("absent", note="This corpus has no train split."))
    return Contents.of(rows, tables)


def with_evaluation(base: Contents, **changed) -> Contents:
    """The same with changed fields of the evaluated model's evaluation."""
    first, *rest = base.rows
    return replace(base, rows=(replace(first, evaluation=replace(first.evaluation, **changed)), *rest))
