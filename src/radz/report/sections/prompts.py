"""How much the result hangs on the wording."""

from __future__ import annotations

from radz.eval.prompts import PromptSensitivity
from radz.metrics.evaluation import Estimate
from radz.report.blocks import Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import estimate, finding_name, number, whisker
from radz.report.plots import forest

LABEL = "AUROC within strata"


def section(contents: Contents) -> Section | None:
    """Each wording, the median and the worst, and how far findings spread."""
    found = contents.rows[0].prompts
    if found is None:
        return None
    main = contents.evaluation.macro.auroc_within
    return Section("prompts", "Other wordings", (_drawing(found, main), _wordings(found), _spread(found)))


def _drawing(found: PromptSensitivity, main: Estimate) -> Gallery:
    rows = {one.prompt.rpartition(" ")[0] or one.prompt: [whisker(one.auroc_within)] for one in found.prompts}
    text = f"Median {number(found.median)}, worst {number(found.worst.auroc_within.value)}, main {number(main.value)}."
    drawing = forest("Means under each wording", text, rows, chance=main.value, label=LABEL)
    return Gallery((drawing,), "The dashed line is the main number of this page. Bars: 95 % intervals.")


def _wordings(found: PromptSensitivity) -> Table:
    rows = [row(one.prompt, estimate(one.auroc_within)) for one in found.prompts]
    rows.append(row("median", number(found.median), strong=True))
    rows.append(row(f"worst: {found.worst.prompt}", estimate(found.worst.auroc_within), strong=True))
    notes = ("A wording is named by its set, its place there and a hash of its sentences.",)
    return table("The same question in other words", f"prompt|mean {LABEL}", rows, notes=notes)


def _spread(found: PromptSensitivity) -> Table:
    rows = [_finding(concept, *values) for concept, values in found.spread.items()]
    return table("Findings over the wordings", f"finding|median {LABEL}|worst", rows)


def _finding(concept: str, median: float, worst: float) -> Row:
    return row(finding_name(concept), number(median), number(worst))
