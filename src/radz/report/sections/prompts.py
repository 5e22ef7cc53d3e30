"""How much the result depends on the wording."""

from __future__ import annotations

from radz.eval.prompts import PromptSensitivity
from radz.metrics.evaluation import Estimate
from radz.report.blocks import Gallery, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import estimate, finding_name, number
from radz.report.plots import Whisker, forest

LABEL = "AUROC within strata"
NOTE = "A wording is named by its set, its place in the set and a hash of its sentences."


def section(contents: Contents) -> Section | None:
    """Each wording, the median and the worst, and how far findings spread."""
    prompts = contents.rows[0].prompts
    if prompts is None:
        return None
    main = contents.evaluation.macro.auroc_within
    return Section("prompts", "Other wordings", (_drawing(prompts, main), _wordings(prompts), _spread(prompts)))


def _drawing(prompts: PromptSensitivity, main: Estimate) -> Gallery:
    rows = {one.prompt.rpartition(" ")[0] or one.prompt: [Whisker.of(one.auroc_within)] for one in prompts.prompts}
    worst = prompts.worst.auroc_within.value
    text = f"Median {number(prompts.median)}, worst {number(worst)}, main {number(main.value)}."
    drawing = forest("Means under each wording", text, rows, chance=main.value, label=LABEL)
    return Gallery((drawing,), "The dashed line is the main number of this page. Bars: 95% intervals.")


def _wordings(prompts: PromptSensitivity) -> Table:
    rows = [row(one.prompt, estimate(one.auroc_within)) for one in prompts.prompts]
    rows.append(row("median", number(prompts.median), strong=True))
    rows.append(row(f"worst: {prompts.worst.prompt}", estimate(prompts.worst.auroc_within), strong=True))
    return table("The same question in other words", ("prompt", f"mean {LABEL}"), rows, notes=(NOTE,))


def _spread(prompts: PromptSensitivity) -> Table:
    rows = [
        row(finding_name(concept), number(median), number(worst)) for concept, (median, worst) in prompts.spread.items()
    ]
    return table("Findings over the wordings", ("finding", f"median {LABEL}", "worst"), rows)
