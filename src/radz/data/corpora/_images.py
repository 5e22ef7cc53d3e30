"""Policies: which images of a study are taken, and how missing images are handled."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Literal

from radz.data.corpora._corpus import About
from radz.data.faults import notable
from radz.errors import CorpusError
from radz.types import Study

Views = Literal["one", "frontal", "lateral", "all"]
"""``one``: the first frontal image of each study, so that a study counts once; a study without one is left out.
``frontal``, ``lateral``: every image of that side. ``all``: every image, whatever its view."""
Side = Literal["frontal", "lateral", ""]
Missing = Literal["error", "skip", "later"]
"""Images that are listed and missing: ``error`` refuses the corpus, ``skip`` leaves them out, ``later`` does not look;
reading such an image raises ImageError."""


def choose_images(studies: Sequence[Hashable], sides: Sequence[Side], views: Views) -> list[int]:
    """Indices of the images taken, in order. studies, sides: for each image its study and side, '' if unknown."""
    if views == "all":
        return [*range(len(studies))]
    if views != "one":
        return [i for i, side in enumerate(sides) if side == views]
    first: dict[Hashable, int] = {}
    for i, (study, side) in enumerate(zip(studies, sides, strict=True)):
        if side == "frontal":
            first.setdefault(study, i)
    return [*first.values()]


def present_images(studies: Sequence[Study], missing: Missing, root: Path, about: About) -> list[Study]:
    """The studies whose image exists, under the policy. Raises CorpusError with where to obtain the others."""
    if missing == "later":
        return [*studies]
    present = [study for study in studies if study.image is not None and study.image.is_file()]
    lacking = len(studies) - len(present)
    with notable():
        if lacking and (missing == "error" or not present):
            first = next(study.image for study in studies if study.image is None or not study.image.is_file())
            raise CorpusError(
                f"{root}: {lacking:,} of {len(studies):,} images are missing (the first: {first}). "
                f"{how_to_obtain(about)} To use the images that are there, set the option missing: skip."
            )
    return [*studies] if missing == "error" else present


def find_table(root: Path, names: Sequence[str], about: About, *, needed: bool = True) -> Path | None:
    """The first of ``names`` in ``root`` or in a folder of it, also compressed (``.gz``).

    Raises CorpusError if it is ``needed`` and missing, or in two folders.
    """
    for name in names:
        for pattern in (name, f"{name}.gz", f"*/{name}", f"*/{name}.gz"):
            tables = sorted(root.glob(pattern))
            if len(tables) > 1:
                raise CorpusError(f"{root}: {name} is in {', '.join(str(t.parent) for t in tables)}. Name one of them.")
            if tables:
                return tables[0]
    if needed:
        raise CorpusError(f"{root}: there is no {' or '.join(names)} here or one folder down. {how_to_obtain(about)}")
    return None


def how_to_obtain(about: About) -> str:
    """Where to obtain a corpus and under which terms, for an error."""
    return f"Obtain from {about.obtain.rstrip('.')}. Terms: {about.terms.rstrip('.')}."
