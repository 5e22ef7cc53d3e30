"""What remains of the result when the image cannot have caused it, and what else the features reveal."""

from __future__ import annotations

from collections.abc import Sequence

from radz.eval.controls import Controls, ImageControl, Negation, NegationControl, Predicted
from radz.report.blocks import Block, Callout, Prose, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import count, estimate, finding_name, number, yes_or_no

WITHOUT_IMAGE = (
    "Without the image a model knows nothing about a study: 0.5 is expected within strata, and the interval should "
    "contain it."
)
NEGATION = (
    "AUROC, all images pooled, of the sentence that states a finding alone, of the one that denies it alone, and of "
    "the pair. That of the denial should be below 0.5. Correlation: Spearman's, between the scores of the two "
    "sentences over images, −1 at best."
)
PROBE = (
    "A linear probe of the model's features predicts the value, on patients that the probe has not seen. Far above 0.5 "
    "the features reveal where an image comes from, which a model may use as a shortcut; this does not raise the AUROC "
    "within strata."
)


def section(contents: Contents) -> Section | None:
    """A table of each control that was run, and why others were not."""
    controls = contents.rows[0].controls
    if controls is None:
        return None
    blocks: list[Block] = [*_failed(controls)]
    if controls.images:
        blocks.append(_without_image(controls.images))
    if controls.negation:
        blocks.append(_negation(controls.negation))
    if controls.predicted:
        blocks.append(_predicted(controls.predicted))
    blocks += [Prose(f"Not made, {name}: {why}") for name, why in controls.notes.items()]
    return Section("controls", "Shortcut controls", tuple(blocks)) if blocks else None


def _failed(controls: Controls) -> list[Callout]:
    failed = ", ".join(control.name for control in controls.images if not control.passed)
    text = (
        f"{failed}: the interval within strata does not contain 0.5. Something other than the image reveals the labels."
    )
    return [Callout("A control fails", text)] if failed else []


def _without_image(controls: Sequence[ImageControl]) -> Table:
    columns = ("control", "AUROC within strata", "AUROC pooled", "holds 0.5")
    expected = [f"{control.name}: {control.expected}." for control in controls if control.expected]
    return table("Without the image", columns, map(_image_row, controls), notes=(WITHOUT_IMAGE, *expected))


def _image_row(control: ImageControl) -> Row:
    macro = control.macro
    return row(control.name, estimate(macro.auroc_within), estimate(macro.auroc_pooled), yes_or_no(control.passed))


def _negation(negation: Negation) -> Table:
    means = map(estimate, (negation.positive, negation.negative, negation.pair))
    mean = row("mean", *means, number(negation.correlation), strong=True)
    columns = ("finding", "stated", "denied", "pair", "correlation")
    return table("Negated prompts", columns, [*map(_negation_row, negation.findings), mean], notes=(NEGATION,))


def _negation_row(control: NegationControl) -> Row:
    values = (control.positive, control.negative, control.pair, control.correlation)
    return row(finding_name(control.concept), *map(number, values))


def _predicted(predicted: Sequence[Predicted]) -> Table:
    rows = [row(f"{one.key} {one.value or 'not stated'}", estimate(one.auroc), count(one.studies)) for one in predicted]
    return table("What features reveal of an image's origin", ("value", "AUROC", "studies"), rows, notes=(PROBE,))
