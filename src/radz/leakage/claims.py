"""What may be called zero-shot: nothing of which the model has met the labels, the words, the films or the patients."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from radz.errors import LeakageError
from radz.metrics.scores_file import ScoresProvenance
from radz.types import Exposure

ZERO_SHOT, SUPERVISED = "zero-shot", "supervised"
_CLAIM_IN_NAME = re.compile(r"zero[-_ ]?shot", re.IGNORECASE)


def check_claim(provenance: ScoresProvenance, *, zero_shot: bool, allow_supervised: bool = False) -> ScoresProvenance:
    """The provenance with what the run is called: nothing unless ``zero_shot`` is claimed, then "zero-shot".

    A run that leaks raises LeakageError with the list or, where ``allow_supervised``, is called "supervised".
    """
    if not (zero_shot or allow_supervised):
        return provenance
    found = leaks(provenance)
    if found and not allow_supervised:
        raise LeakageError(
            f"Not a zero-shot evaluation of '{provenance.model}': {'; '.join(found)}. Leave these findings and films "
            "out, train with them held out, evaluate without calling it zero-shot, or let it run under the name "
            "'supervised' with --allow-supervised."
        )
    return replace(provenance, claim=SUPERVISED if found else ZERO_SHOT)


def leaks(provenance: ScoresProvenance) -> list[str]:
    """Everything that keeps the scores from being zero-shot, a clause each: findings met, then films and patients."""
    seen = {concept: mark for concept, mark in provenance.exposure.items() if mark != Exposure.UNSEEN}
    marks = [", ".join(f"{concept} ({mark})" for concept, mark in seen.items())] if seen else []
    unknown = [] if provenance.exposure else ["exposure not recorded"]
    renamed = ["it was called supervised when it was run"] if provenance.claim == SUPERVISED and not marks else []
    return [*marks, *unknown, *provenance.overlap, *renamed]


def named_by_claim(path: Path, claim: str) -> Path:
    """The file's name; that of a supervised run says so, and never "zero-shot"."""
    if claim != SUPERVISED:
        return path
    stem = _CLAIM_IN_NAME.sub(SUPERVISED, path.stem)
    return path.with_stem(stem if SUPERVISED in stem else f"{stem}-{SUPERVISED}")
