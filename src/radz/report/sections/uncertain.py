"""Uncertain labels as a class of their own, where the policy asks for it."""

from __future__ import annotations

from radz.report.blocks import Section, row, table
from radz.report.contents import Contents
from radz.report.format import estimate, finding_name
from radz.report.sections.findings import by_value

NOTE = "Both within strata. One half each: the score does not tell uncertain films from the others."


def section(contents: Contents) -> Section | None:
    """How uncertain studies score against absent ones, and present ones against uncertain."""
    found = [(finding.concept, finding.uncertain) for finding in by_value(contents.evaluation)]
    rows = [
        row(finding_name(concept), estimate(one.against_absent), estimate(one.below_present), str(one.studies))
        for concept, one in found
        if one
    ]
    if not rows:
        return None
    columns = "finding|uncertain over absent|present over uncertain|studies"
    return Section("uncertain", "Uncertain labels", (table("AUROC of uncertain films", columns, rows, notes=(NOTE,)),))
