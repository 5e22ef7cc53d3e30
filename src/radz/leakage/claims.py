"""What may be called zero-shot: scores of findings, images and patients that the model has demonstrably not seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from radz.errors import LeakageError
from radz.metrics.scores_file import ScoresProvenance
from radz.types import Exposure

ZERO_SHOT, SUPERVISED = "zero-shot", "supervised"
UNKNOWN = "unknown"
"""Exposure of a finding where the scores do not record one."""
NOT_COMPARED = "its images were not compared with those it was trained on"
_CLAIM_IN_NAME = re.compile(r"zero[-_ ]?shot", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run wants to be called.

    zero_shot: refuse the run unless nothing in it was seen. allow_supervised: let a refused run continue under the name
    "supervised".
    """

    zero_shot: bool = False
    allow_supervised: bool = False


NO_CLAIM = Claim()


def check_claim(provenance: ScoresProvenance, claim: Claim) -> ScoresProvenance:
    """The provenance with the run's name: empty unless something is claimed, then "zero-shot" or "supervised".

    Raises LeakageError with the list of leaks where the run leaks and may not be called supervised.
    """
    if not (claim.zero_shot or claim.allow_supervised):
        return provenance
    listed = leaks(provenance)
    if listed and not claim.allow_supervised:
        raise LeakageError(
            f"Not a zero-shot evaluation of '{provenance.model}': {'; '.join(listed)}. Leave these findings and images "
            "out, train with them held out, evaluate without calling it zero-shot, or let it run under the name "
            "'supervised' with --allow-supervised."
        )
    return replace(provenance, claim=SUPERVISED if listed else ZERO_SHOT)


def require_unseen_images(provenance: ScoresProvenance, claim: Claim) -> None:
    """Raise LeakageError if images or patients were trained on, unless the claim allows a supervised result.

    A comparison needs this whatever it is called: a model that was trained on the images wins it unfairly.
    """
    if provenance.overlap and not claim.allow_supervised:
        raise LeakageError(
            f"'{provenance.model}' cannot be compared on these images: {'; '.join(provenance.overlap)}. Choose another "
            "split or corpus, or compare under the name 'supervised' with --allow-supervised."
        )


def leaks(provenance: ScoresProvenance) -> list[str]:
    """Everything that keeps the scores from being zero-shot, a clause each: findings, then images and patients."""
    seen = {concept: mark for concept, mark in provenance.exposure.items() if mark != Exposure.UNSEEN}
    marks = [", ".join(f"{concept} ({mark})" for concept, mark in seen.items())] if seen else []
    unrecorded = [] if provenance.exposure else ["exposure not recorded"]
    uncompared = [] if provenance.overlap or provenance.overlap_checked else [NOT_COMPARED]
    renamed = ["it was called supervised when it was run"] if provenance.claim == SUPERVISED and not marks else []
    return [*marks, *unrecorded, *provenance.overlap, *uncompared, *renamed]


def claim_statement(provenance: ScoresProvenance, concepts: Sequence[str]) -> str:
    """Whether scores of ``concepts`` are zero-shot, e.g. ``14 findings, all supervised: not a zero-shot result``."""
    marks = Counter(str(provenance.exposure.get(concept, UNKNOWN)) for concept in concepts)
    count = f"{len(concepts)} finding{'' if len(concepts) == 1 else 's'}"
    if provenance.claim == SUPERVISED:
        return f"{count}: a supervised result"
    parts = ", ".join(f"{number} {mark}" for mark, number in marks.most_common())
    listed = f"all {next(iter(marks))}" if len(marks) == 1 else parts
    return f"{count}, {listed}: {_zero_shot_part(provenance, marks)}"


def is_zero_shot(provenance: ScoresProvenance, mark: str) -> bool:
    """Whether a finding with this exposure mark may be called zero-shot in these scores."""
    clean = provenance.overlap_checked and not provenance.overlap and provenance.claim != SUPERVISED
    return clean and mark == Exposure.UNSEEN


def _zero_shot_part(provenance: ScoresProvenance, marks: Counter[str]) -> str:
    if is_zero_shot(provenance, Exposure.UNSEEN) and Exposure.UNSEEN in marks:
        return "a zero-shot result" if len(marks) == 1 else "only the unseen are zero-shot"
    if Exposure.UNSEEN in marks and not provenance.overlap:
        return f"not a zero-shot result, because {NOT_COMPARED}"
    return "not a zero-shot result"


def named_by_claim(path: Path, claim: str) -> Path:
    """The file's name; that of a supervised run says so, and never "zero-shot"."""
    if claim != SUPERVISED:
        return path
    stem = _CLAIM_IN_NAME.sub(SUPERVISED, path.stem)
    return path.with_stem(stem if SUPERVISED in stem else f"{stem}-{SUPERVISED}")
