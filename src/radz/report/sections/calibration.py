"""Probabilities, refusal and finding sets, where the model was calibrated on other films."""

from __future__ import annotations

from radz.calibration.platt import Bin
from radz.calibration.reliability import Reliability
from radz.report.blocks import Block, Cell, Figure, Gallery, Number, Numbers, Prose, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import between, counted, finding_name, number, share
from radz.report.plots import Line, Whisker, diagram, path


def section(contents: Contents) -> Section:
    """How probabilities, refusal and sets hold, or why that is not said."""
    first = contents.rows[0]
    if first.reliability is None:
        text = f"Not judged: {first.uncalibrated or 'the scores come without calibration'}."
        return Section("calibration", "Calibration", (Prose(text),))
    found = first.reliability
    blocks: list[Block] = [Prose(_counts(found))]
    if found.bins:
        blocks.append(Gallery((_diagram(found),), "Points on the dashed line are calibrated. Bars: 95 % intervals."))
        blocks.append(_bins(found))
    blocks.append(_qualities(found))
    if found.risk_coverage:
        blocks += [_risk(found), _coverage(found)]
    if found.set_recall:
        blocks.append(_sets(found))
    return Section("calibration", "Calibration, risk and coverage", tuple(blocks))


def _counts(found: Reliability) -> str:
    names = ", ".join(map(finding_name, found.findings)) or "no finding"
    return (
        f"Probabilities are of {names}: {counted(found.pairs, 'film-finding pair')}, {found.positives:,} of them "
        "present. They were fitted on validation films, none of which is among these."
    )


def _diagram(found: Reliability) -> Figure:
    points = [(b.probability, Whisker(b.frequency, b.interval.low, b.interval.high)) for b in found.bins]
    worst = max(found.bins, key=lambda b: abs(b.frequency - b.probability))
    return diagram(
        "Reliability of the calibrated probabilities",
        f"{counted(len(points), 'bin')} of probability; the greatest gap is at {number(worst.probability, 2)}, where "
        f"{number(worst.frequency, 2)} of {worst.pairs} pairs are present.",
        points,
        [f"n={b.pairs}" for b in found.bins],
        ("mean probability", "share present"),
    )


def _bins(found: Reliability) -> Table:
    return table("Probabilities in bins", "mean probability|pairs|present|share present", list(map(_bin, found.bins)))


def _bin(one: Bin) -> Row:
    frequency = Cell(number(one.frequency, 2), between(one.interval, 2))
    return row(number(one.probability, 2), str(one.pairs), str(one.positives), frequency)


def _qualities(found: Reliability) -> Table:
    rows = [row(q.name, number(q.calibration_error), number(q.brier, 4)) for q in found.qualities]
    notes = ("ECE: expected calibration error over ten bins of equal width. Lower is better in both columns.",)
    return table("Probabilities made in different ways", "made how|ECE|Brier score", rows, notes=notes)


def _risk(found: Reliability) -> Gallery:
    kept = [100 * part.coverage for part in found.risk_coverage]
    figure = path(
        "Risk and coverage",
        f"Mean Brier score {number(found.risk_coverage[0].risk, 4)} of all films and "
        f"{number(found.risk_coverage[-1].risk, 4)} of the nearest {share(found.risk_coverage[-1].coverage)}.",
        [Line(kept, [part.risk for part in found.risk_coverage])],
        ("coverage: films kept, nearest first (%)", "mean Brier score"),
        found.risk,
    )
    text = "If leaving out the farthest films helped, the line would fall to the left. Dashed: at random."
    return Gallery((figure,), text)


def _coverage(found: Reliability) -> Table:
    rows = [row(share(part.coverage), str(part.images), number(part.risk, 4)) for part in found.risk_coverage]
    notes = (
        f"Refused at the stored distance: {found.refused} of {counted(found.images, 'film')}.",
        f"Area under risk and coverage: {number(found.aurc, 4)}, at random {number(found.risk, 4)}.",
    )
    return table("The films nearest to the calibration films", "coverage|films|Brier score", rows, notes=notes)


def _sets(found: Reliability) -> Numbers:
    kept = found.set_recall
    assert kept is not None
    of = f"95 % {number(kept.low)} to {number(kept.high)} (Hoeffding); {kept.images} films of {kept.patients} patients"
    size = f"of {counted(kept.findings, 'finding')}"
    return Numbers(
        (
            Number("Recall of finding sets", number(kept.value), of),
            Number("Recall calibrated for", number(kept.promised, 2)),
            Number("Findings in a set", number(kept.size, 1), size),
        )
    )
