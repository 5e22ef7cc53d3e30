"""Report sentences written from labels, for corpora that have labels but no reports.

Named policies: ``positives`` states the findings that are present; ``varied`` also denies some that are absent.
The text is a function of (seed, epoch, study), so a resumed run reads the same text as an uninterrupted one.
The evaluation templates ("There is …") are never used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from radz.storage import content_hash
from radz.types import NORMAL, Presence, Study

POSITIVE = (
    "{findings} seen.",
    "Findings: {findings}.",
    "The film shows {findings}.",
    "Impression: {findings}.",
    "Appearances of {findings}.",
    "Changes in keeping with {findings}.",
    "{findings} on this radiograph.",
    "Radiograph with {findings}.",
)
NEGATIVE = ("No {findings}.", "Without {findings}.", "{findings} absent.", "No sign of {findings}.")
NORMAL_TEXT = (
    "No abnormality.",
    "Normal chest.",
    "Clear lungs, heart of normal size.",
    "Nothing abnormal on this radiograph.",
    "Unremarkable film.",
    "Heart and lungs normal.",
    "Impression: normal chest radiograph.",
    "Normal appearances.",
)
UNLABELLED_TEXT = "Chest radiograph."
MAX_DENIED = 2

Policy = Literal["varied", "positives"]


def write_report(
    study: Study,
    names: Mapping[str, Sequence[str]],
    *,
    policy: Policy,
    variants: int,
    seed: int,
    epoch: int,
    normal_texts: tuple[str, ...] = NORMAL_TEXT,
) -> str:
    """A short report of the labels of a study.

    names: concept id -> its names, the canonical one first. variants: how many of the templates are used; fewer give
    fewer distinct texts and faster batches. normal_texts: sentences for a normal image.
    """
    rng = _generator(study.study_id, seed, epoch)
    present = [c for c in names if study.presence(c) is Presence.PRESENT and c != NORMAL]
    absent = [c for c in names if study.presence(c) is Presence.ABSENT and c != NORMAL]
    text = _stated(present, names, variants, rng) if present else _nothing_present(study, normal_texts, variants, rng)
    if policy == "varied" and present and absent and rng.random() < 0.5:
        text += " " + _denied(absent, names, variants, rng)
    return text


def _stated(present: list[str], names: Mapping[str, Sequence[str]], variants: int, rng: np.random.Generator) -> str:
    template = _choose(POSITIVE, variants, rng)
    return _sentence(template, [str(rng.choice(_words(names[c]))) for c in rng.permutation(present)])


def _denied(absent: list[str], names: Mapping[str, Sequence[str]], variants: int, rng: np.random.Generator) -> str:
    some = rng.permutation(absent)[: rng.integers(1, MAX_DENIED + 1)]
    return _sentence(_choose(NEGATIVE, variants, rng), [names[c][0] for c in some], "or")


def _nothing_present(study: Study, texts: tuple[str, ...], variants: int, rng: np.random.Generator) -> str:
    normal = study.presence(NORMAL) is Presence.PRESENT
    return _choose(texts, variants, rng) if normal else UNLABELLED_TEXT


def _words(names: Sequence[str]) -> list[str]:
    """Names that fit into a sentence, without duplicates and without corpus labels such as Pleural_Thickening."""
    return list(
        dict.fromkeys(name if name.isupper() else name[0].lower() + name[1:] for name in names if "_" not in name)
    )


def _sentence(template: str, findings: list[str], joint: str = "and") -> str:
    listed = findings[0] if len(findings) == 1 else f"{', '.join(findings[:-1])} {joint} {findings[-1]}"
    text = template.format(findings=listed)
    return text[0].upper() + text[1:]


def _choose(templates: tuple[str, ...], variants: int, rng: np.random.Generator) -> str:
    return templates[rng.integers(min(variants, len(templates)))]


def _generator(study_id: str, seed: int, epoch: int) -> np.random.Generator:
    study = int(content_hash(study_id)[:16], 16)
    return np.random.default_rng((seed, epoch, study))
