"""How well the findings of one study are ranked, compared with lists that ignore the image."""

from __future__ import annotations

from radz.metrics.image_ranking import CONSTANT, METRICS, RANDOM, ImageRankings, RankingEvaluation
from radz.report.blocks import Block, Prose, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import counted, difference, estimate, finding_name, number

COLUMNS = ("order of the findings", "hit at 1", "hit at 3", "hit at 5", "LRAP")
HIT = (
    "Hit at k: share of these studies with a present finding among the first k rows. LRAP: label ranking average "
    "precision. 95% intervals over patients."
)


def section(contents: Contents) -> Section | None:
    """Rankings and their gains over the constant list; ``None`` if nothing was ranked."""
    ranked = contents.rows[0].ranking
    if ranked is None:
        return None
    blocks: list[Block] = [Prose(_counts(ranked)), _values(ranked)]
    if ranked.constant:
        blocks.append(_gains(ranked))
    return Section("image_ranking", "Ranking within a study", tuple(blocks))


def _counts(ranked: ImageRankings) -> str:
    studies = f"{counted(ranked.studies, 'study', 'studies')} of {counted(ranked.patients, 'patient')}"
    return (
        f"{counted(len(ranked.concepts), 'finding')} ranked in {studies} with a present finding, on average "
        f"{number(ranked.present, 1)} of them."
    )


def _values(ranked: ImageRankings) -> Table:
    rows = [row(each.name, *(estimate(each.estimates[m]) for m in METRICS)) for each in ranked.rankings]
    return table("Ranking within a study", COLUMNS, rows, words={COLUMNS[0]}, notes=(HIT, *_references(ranked)))


def _references(ranked: ImageRankings) -> list[str]:
    random = f"{RANDOM.capitalize()}: exact expectation."
    if not ranked.constant:
        return [random, f"No {CONSTANT}: {ranked.frequency_of}."]
    order = ", ".join(map(finding_name, ranked.constant))
    return [random, f"{CONSTANT.capitalize()}, by frequency ({ranked.frequency_of}): {order}."]


def _gains(ranked: ImageRankings) -> Table:
    rows = [_gain(each) for each in ranked.rankings if each.gains]
    return table(f"Gain over the {CONSTANT}", COLUMNS, rows, words={COLUMNS[0]})


def _gain(each: RankingEvaluation) -> Row:
    return row(each.name, *(difference(each.gains[metric]) for metric in METRICS))
