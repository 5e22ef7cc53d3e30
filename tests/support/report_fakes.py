"""Contents of a report: two models on the fake corpus, and what may stand beside them."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from eval_fakes import FINDINGS, Brightness, make_anchors, make_corpus, score_corpus
from radz.calibration.platt import Bin
from radz.calibration.reliability import Coverage, Quality, Reliability, SetRecall
from radz.eval.controls import Controls, ImageControl, Negation, NegationControl, Predicted
from radz.eval.prompts import PromptResult, PromptSensitivity
from radz.metrics.bootstrap import Interval
from radz.metrics.evaluation import Estimate, MacroEvaluation
from radz.metrics.image_ranking import ImageRankings, rank_findings
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresProvenance, ScoresTable
from radz.metrics.summary import compare, summarise
from radz.metrics.thresholds import fit_thresholds
from radz.report.blocks import Row, Section, Table
from radz.report.contents import Contents, ModelRow

GROUPS = dict(zip(FINDINGS, ("cardiovascular", "other", "other"), strict=True))
DRAWS = 40


def provenance(model: str = "brightness", mark: str = "supervised") -> ScoresProvenance:
    """Scores of a model on the fake corpus; its options name patients."""
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
        overlap_checked=True,
        unreadable={"SECRET-3": "SECRET-3.png is not an image"},
        seed=7,
    )


def scores(model: str = "brightness", mark: str = "supervised", count: int = 80, noise: float = 0.0) -> ScoresTable:
    table = score_corpus(Brightness(), make_corpus(count), make_anchors())
    table = replace(table, provenance=provenance(model, mark))
    rows = table.rows.assign(score=table.rows["score"] + np.random.default_rng(0).normal(0, noise, len(table.rows)))
    return ScoresTable(rows.astype({"score": "float32"}), provenance(model, mark))


def reliability() -> Reliability:
    bins = tuple(Bin(p, p, Interval(p - 0.1, p + 0.1, 100, 0), 40, round(40 * p)) for p in (0.15, 0.25))
    return Reliability(
        findings=("effusion",),
        pairs=80,
        positives=16,
        qualities=(Quality("after: Platt per finding", 0.042, 0.1679),),
        images=80,
        risk_coverage=(Coverage(1.0, 80, 0.17), Coverage(0.5, 40, 0.19)),
        risk=0.17,
        aurc=0.18,
        refused=3,
        set_recall=SetRecall(0.852, 0.734, 0.970, 60, 30, 0.9, 2.1, 3),
        bins=bins,
    )


def controls() -> Controls:
    half = Estimate(0.5, Interval(0.45, 0.55, DRAWS, 0))
    macro = MacroEvaluation(FINDINGS, FINDINGS, half, half, half, half)
    images = tuple(ImageControl(name, f"what {name} is", macro, name != "shuffled") for name in ("blank", "shuffled"))
    sides = NegationControl("effusion", 0.7, 0.3, 0.72, -0.9)
    return Controls(
        images=images,
        negation=Negation((sides,), half, half, half, -0.9),
        predicted=(Predicted("source", "ward", 40, half),),
        notes={"a control": "it could not be made."},
    )


def prompts() -> PromptSensitivity:
    wordings = tuple(
        PromptResult(f"paraphrases {i}/9 0123abcd", Estimate(0.6 + i / 100, Interval(0.5, 0.7, DRAWS, 0)), {})
        for i in range(1, 10)
    )
    return PromptSensitivity(wordings, 0.65, wordings[0], {"effusion": (0.66, 0.61)})


def rankings(table: ScoresTable, frequency: dict[str, float] | None = None) -> ImageRankings | None:
    """Raw scores beside the constant list, by default effusion, cardiomegaly, pneumothorax."""
    matrix = as_matrix(table)
    usual = {"effusion": 30.0, "cardiomegaly": 20.0} if frequency is None else frequency
    return rank_findings(matrix, {"raw score": matrix.scores}, usual, "labels of a training", draws=DRAWS)


COST = {"parameters": 139_000_000, "flops_per_image": 2.5e10, "p50_latency_ms": 81.25, "images_per_second": 14.0}


def everything() -> Contents:
    """All that a page can show, films aside."""
    noises = {"brightness": 0.0, "a_model_with_a_name": 0.3}
    tables = {name: scores(name, noise=noise) for name, noise in noises.items()}
    first, other = tables.values()
    chosen = fit_thresholds(replace(first, provenance=replace(first.provenance, split="val")))
    first = replace(first, provenance=replace(first.provenance, cost=COST))
    whole = summarise(first, draws=DRAWS, groups=GROUPS, study_groups=True, thresholds=chosen, uncertain="separate")
    row = ModelRow(
        "brightness",
        whole,
        reliability=reliability(),
        prompts=prompts(),
        controls=controls(),
        ranking=rankings(first),
    )
    comparison = compare(first, other, draws=DRAWS, uncertain="separate")
    beside = ModelRow("a_model_with_a_name", summarise(other, draws=DRAWS, uncertain="separate"), comparison)
    absent = ModelRow("absent", note="This corpus has no train split.")
    return Contents.of([row, beside, absent], tables, "separate")


def contents(mark: str = "supervised", others: tuple[str, ...] = ("other",), **changed) -> Contents:
    """The evaluated model and others; ``changed`` are fields of its row."""
    tables = {"brightness": scores(mark=mark)} | {name: scores(name, noise=0.3) for name in others}
    first, *rest = tables.values()
    rows = [ModelRow("brightness", summarise(first, draws=DRAWS, groups=GROUPS), **changed)]
    rows += [ModelRow(t.provenance.model, summarise(t, draws=DRAWS), compare(first, t, draws=DRAWS)) for t in rest]
    return Contents.of(rows, tables)


def tables(section: Section) -> dict[str, Table]:
    """Tables of a section by their captions."""
    return {block.caption: block for block in section.blocks if isinstance(block, Table)}


def texts(row: Row) -> list[str]:
    """Cells of a row as they are printed."""
    return [str(cell) for cell in row.cells]


def row_of(table: Table, name: str) -> list[str]:
    """The one row of that name."""
    (row,) = [row for row in table.rows if row.cells[0].text == name]
    return texts(row)


VOID = {"meta", "link", "img", "br"}


class Reader(HTMLParser):
    """Text, addresses and order of the elements; a wrong nesting fails."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.words, self.tags, self.addresses, self.names = [], [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        self.names += [value for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open[-1:] = [] if tag not in VOID else self.open[-1:]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title", "desc"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
