"""What is left of the result when the film cannot have told it, and what the features tell besides."""

from __future__ import annotations

from radz.eval.controls import Controls, FilmControl, Negation, NegationControl, Predicted
from radz.report.blocks import Block, Callout, Prose, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import estimate, finding_name, number

FILMS = (
    "Without its film a model knows nothing of a study: within strata 0.5 is expected, and the interval should hold it."
)
NEGATION = (
    "AUROC, all films pooled, of the sentence that states a finding alone, of the one that denies it alone, and of the "
    "pair. The denial's should lie below 0.5; correlation: Spearman's, of the two sentences over films, −1 at best."
)
PROBE = (
    "A linear probe of the model's features tells the value from the others, on patients it never met. Far above 0.5 "
    "the features hold where a film comes from, which a model may use as a shortcut; the AUROC within strata is not "
    "raised by it."
)


def section(contents: Contents) -> Section | None:
    """Tables of each control that was made, and why others were not."""
    found = contents.rows[0].controls
    if found is None:
        return None
    blocks: list[Block] = [*_failed(found)]
    if found.films:
        blocks.append(_films(found.films))
    if found.negation:
        blocks.append(_negation(found.negation))
    if found.predicted:
        blocks.append(_predicted(found.predicted))
    blocks += [Prose(f"Not made, {name}: {why}") for name, why in found.notes.items()]
    return Section("controls", "Shortcut controls", tuple(blocks)) if blocks else None


def _failed(found: Controls) -> list[Callout]:
    failed = ", ".join(control.name for control in found.films if not control.passed)
    text = f"{failed}: the interval within strata does not hold 0.5. Something but the film tells the labels."
    return [Callout("A control fails", text)] if failed else []


def _films(controls: tuple[FilmControl, ...]) -> Table:
    rows = [_film(control) for control in controls]
    notes = (FILMS, *(f"{control.name}: {control.expected}." for control in controls if control.expected))
    columns = "control|AUROC within strata|AUROC pooled|holds 0.5"
    return table("Without the film", columns, rows, notes=notes)


def _film(control: FilmControl) -> Row:
    macro, holds = control.macro, "yes" if control.passed else "no"
    return row(control.name, estimate(macro.auroc_within), estimate(macro.auroc_pooled), holds)


def _negation(found: Negation) -> Table:
    rows = [_negated(one) for one in found.findings]
    means = map(estimate, (found.positive, found.negative, found.pair))
    rows.append(row("mean", *means, number(found.correlation), strong=True))
    columns = "finding|stated|denied|pair|correlation"
    return table("Negated prompts", columns, rows, notes=(NEGATION,))


def _negated(one: NegationControl) -> Row:
    values = (one.positive, one.negative, one.pair, one.correlation)
    return row(finding_name(one.concept), *map(number, values))


def _predicted(found: tuple[Predicted, ...]) -> Table:
    rows = [row(f"{one.key} {one.value or 'not stated'}", estimate(one.auroc), str(one.studies)) for one in found]
    return table("What features tell of a film's origin", "value|AUROC|studies", rows, notes=(PROBE,))
