"""The parts of a page, one file each, in the order of the page.

A part is a function ``section(contents)``; it gives ``None`` where there is nothing to say. None computes a number.
"""

from __future__ import annotations

from radz.report.blocks import Section
from radz.report.contents import Contents
from radz.report.sections import (
    calibration,
    cases,
    controls,
    cost,
    curves,
    delong,
    findings,
    groups,
    models,
    prompts,
    provenance,
    summary,
    thresholds,
    uncertain,
)

PARTS = (
    summary,
    findings,
    models,
    curves,
    thresholds,
    delong,
    calibration,
    groups,
    uncertain,
    controls,
    prompts,
    cost,
    cases,
    provenance,
)


def sections(contents: Contents) -> tuple[Section, ...]:
    """All parts that have something to say."""
    return tuple(made for part in PARTS if (made := part.section(contents)) is not None)
