"""Probabilities, abstention and finding sets, where the model was calibrated on other images."""

from __future__ import annotations

from radz.calibration.platt import Bin
from radz.calibration.reliability import Reliability, SetRecall
from radz.report.blocks import Block, Cell, Figure, Gallery, Number, Numbers, Prose, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import bounds, count, counted, finding_name, interval, number, percent
from radz.report.plots import Line, Whisker, diagram, path

HEADING = "Calibration, risk and coverage"
ECE = "ECE: expected calibration error over ten bins of equal width. Lower is better in both columns."
DASHED = "If leaving out the farthest images helped, the line would fall to the left. Dashed: at random."


def section(contents: Contents) -> Section:
    """How well probabilities, abstention and finding sets hold, or why they were not assessed."""
    first = contents.rows[0]
    if first.reliability is None:
        text = f"Not assessed: {first.uncalibrated or 'the scores come without calibration'}."
        return Section("calibration", "Calibration", (Prose(text),))
    return Section("calibration", HEADING, tuple(_blocks(first.reliability)))


def _blocks(reliability: Reliability) -> list[Block]:
    blocks: list[Block] = [Prose(_counts(reliability))]
    if reliability.bins:
        caption = "Points on the dashed line are calibrated. Bars: 95% intervals."
        blocks += [Gallery((_diagram(reliability),), caption), _bins(reliability)]
    blocks.append(_qualities(reliability))
    if reliability.risk_coverage:
        blocks += [_risk(reliability), _coverage(reliability)]
    if reliability.set_recall:
        blocks.append(_sets(reliability.set_recall))
    return blocks


def _counts(reliability: Reliability) -> str:
    names = ", ".join(map(finding_name, reliability.findings)) or "no finding"
    return (
        f"Probabilities are of {names}: {counted(reliability.pairs, 'image-finding pair')}, "
        f"{count(reliability.positives)} of them present. They were fitted on validation images, none of which is "
        "among these."
    )


def _diagram(reliability: Reliability) -> Figure:
    points = [(b.probability, Whisker(b.frequency, b.interval.low, b.interval.high)) for b in reliability.bins]
    worst = max(reliability.bins, key=lambda b: abs(b.frequency - b.probability))
    return diagram(
        "Reliability of the calibrated probabilities",
        f"{counted(len(points), 'bin')} of probability; the greatest gap is at {number(worst.probability, 2)}, where "
        f"{number(worst.frequency, 2)} of {worst.pairs} pairs are present.",
        points,
        [f"n={b.pairs}" for b in reliability.bins],
        ("mean probability", "share present"),
    )


def _bins(reliability: Reliability) -> Table:
    columns = ("mean probability", "pairs", "present", "share present")
    return table("Probabilities in bins", columns, map(_bin, reliability.bins))


def _bin(one: Bin) -> Row:
    frequency = Cell(number(one.frequency, 2), bounds(one.interval, 2))
    return row(number(one.probability, 2), count(one.pairs), count(one.positives), frequency)


def _qualities(reliability: Reliability) -> Table:
    rows = [row(q.name, number(q.calibration_error), number(q.brier, 4)) for q in reliability.qualities]
    return table("Quality of the probabilities", ("method", "ECE", "Brier score"), rows, notes=(ECE,))


def _risk(reliability: Reliability) -> Gallery:
    parts = reliability.risk_coverage
    figure = path(
        "Risk and coverage",
        f"Mean Brier score {number(parts[0].risk, 4)} of all images and {number(parts[-1].risk, 4)} of the nearest "
        f"{percent(parts[-1].coverage)}.",
        [Line([100 * part.coverage for part in parts], [part.risk for part in parts])],
        ("coverage: images kept, nearest first (%)", "mean Brier score"),
        reliability.risk,
    )
    return Gallery((figure,), DASHED)


def _coverage(reliability: Reliability) -> Table:
    rows = [row(percent(part.coverage), count(part.images), number(part.risk, 4)) for part in reliability.risk_coverage]
    notes = (
        f"Refused at the stored distance: {reliability.refused} of {counted(reliability.images, 'image')}.",
        f"Area under risk and coverage: {number(reliability.aurc, 4)}, at random {number(reliability.risk, 4)}.",
    )
    return table(
        "The images nearest to the calibration images", ("coverage", "images", "Brier score"), rows, notes=notes
    )


def _sets(recall: SetRecall) -> Numbers:
    patients = f"{recall.images} images of {recall.patients} patients"
    return Numbers(
        (
            Number(
                "Recall of finding sets",
                number(recall.value),
                f"95% {interval(recall.low, recall.high)} (Hoeffding); {patients}",
            ),
            Number("Recall calibrated for", number(recall.promised, 2)),
            Number("Findings in a set", number(recall.size, 1), f"of {counted(recall.findings, 'finding')}"),
        )
    )
