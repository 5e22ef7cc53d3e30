"""Uncertain labels as a separate class, where the policy asks for it."""

from __future__ import annotations

from radz.report.blocks import Section, row, table
from radz.report.contents import Contents
from radz.report.format import count, estimate, finding_name
from radz.report.sections.findings import by_value

COLUMNS = ("finding", "uncertain over absent", "present over uncertain", "studies")
NOTE = "Both within strata. At 0.5 the score does not separate uncertain images from the others."


def section(contents: Contents) -> Section | None:
    """How uncertain studies score against absent ones, and present ones against uncertain."""
    rows = [
        row(
            finding_name(finding.concept),
            estimate(finding.uncertain.against_absent),
            estimate(finding.uncertain.below_present),
            count(finding.uncertain.studies),
        )
        for finding in by_value(contents.evaluation)
        if finding.uncertain
    ]
    if not rows:
        return None
    return Section("uncertain", "Uncertain labels", (table("AUROC of uncertain images", COLUMNS, rows, notes=(NOTE,)),))
