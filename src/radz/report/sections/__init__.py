"""The parts of a page, one file each, in the order of the page.

A part is a function ``section(contents)``. It returns ``None`` if there is nothing to show, and computes no number.
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
    gains,
    groups,
    image_ranking,
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
    image_ranking,
    models,
    gains,
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
FOR_FILES = ("curves", "cases", "provenance")
"""Sections that the console leaves out."""


def sections(contents: Contents) -> tuple[Section, ...]:
    """All parts that have something to show."""
    return tuple(section for part in PARTS if (section := part.section(contents)) is not None)
