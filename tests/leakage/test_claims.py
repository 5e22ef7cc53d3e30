"""What may be called zero-shot, and what is refused or renamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from radz.errors import LeakageError
from radz.leakage.claims import (
    NO_CLAIM,
    NOT_COMPARED,
    Claim,
    check_claim,
    claim_statement,
    is_zero_shot,
    leaks,
    named_by_claim,
    require_unseen_images,
)
from radz.metrics.scores_file import ScoresProvenance

ZERO_SHOT = Claim(zero_shot=True)
SHARED = "3 of 9 studies have an image in the training data"


def scores(*marks: str, overlap: tuple[str, ...] = (), checked: bool = True, claim: str = "") -> ScoresProvenance:
    exposure = {f"finding {i}": mark for i, mark in enumerate(marks)}
    return ScoresProvenance("m", exposure=exposure, overlap=overlap, overlap_checked=checked, claim=claim)


def statement(provenance: ScoresProvenance, extra: int = 0) -> str:
    return claim_statement(provenance, [*provenance.exposure, *(f"unknown {i}" for i in range(extra))])


def test_nothing_is_claimed_unless_it_is_asked_for():
    provenance = scores("supervised", overlap=(SHARED,))
    assert check_claim(provenance, NO_CLAIM) is provenance


def test_unseen_findings_on_unseen_images_are_zero_shot():
    assert check_claim(scores("unseen", "unseen"), ZERO_SHOT).claim == "zero-shot"
    assert statement(scores("unseen", "unseen")) == "2 findings, all unseen: a zero-shot result"


@pytest.mark.parametrize(
    ("provenance", "leak"),
    [
        (scores("unseen", "related"), r"finding 1 \(related\)"),
        (scores("unseen", overlap=(SHARED,)), SHARED),
        (scores("unseen", checked=False), NOT_COMPARED),
        (scores(), "exposure not recorded"),
        (scores("unseen", claim="supervised"), "it was called supervised when it was run"),
    ],
)
def test_each_leak_is_refused_by_name_or_makes_the_run_supervised(provenance, leak):
    with pytest.raises(LeakageError, match=rf"Not a zero-shot evaluation of 'm': {leak}\. Leave"):
        check_claim(provenance, ZERO_SHOT)
    assert check_claim(provenance, Claim(zero_shot=True, allow_supervised=True)).claim == "supervised"
    assert len(leaks(provenance)) == 1


def test_a_statement_says_what_part_is_zero_shot():
    assert statement(scores("supervised")) == "1 finding, all supervised: not a zero-shot result"
    some = statement(scores("supervised", "unseen", "supervised"))
    assert some == "3 findings, 2 supervised, 1 unseen: only the unseen are zero-shot"
    assert statement(scores("unseen"), extra=1) == "2 findings, 1 unseen, 1 unknown: only the unseen are zero-shot"
    assert statement(scores("unseen", overlap=(SHARED,))) == "1 finding, all unseen: not a zero-shot result"
    forgotten = statement(scores("unseen", checked=False))
    assert forgotten == f"1 finding, all unseen: not a zero-shot result, because {NOT_COMPARED}"
    assert statement(scores("unseen", claim="supervised")) == "1 finding: a supervised result"


def test_a_finding_is_zero_shot_only_where_the_images_are_clean():
    assert is_zero_shot(scores("unseen"), "unseen")
    assert not is_zero_shot(scores("unseen"), "seen")
    assert not is_zero_shot(scores("unseen", checked=False), "unseen")
    assert not is_zero_shot(scores("unseen", overlap=(SHARED,)), "unseen")


def test_a_comparison_needs_unseen_images_whatever_it_is_called():
    require_unseen_images(scores("supervised", checked=False), NO_CLAIM)
    with pytest.raises(LeakageError, match=rf"'m' cannot be compared on these images: {SHARED}\. Choose another"):
        require_unseen_images(scores("unseen", overlap=(SHARED,)), NO_CLAIM)
    require_unseen_images(scores("unseen", overlap=(SHARED,)), Claim(allow_supervised=True))


@pytest.mark.parametrize(
    ("name", "renamed"),
    [("zero-shot.html", "supervised.html"), ("mine.parquet", "mine-supervised.parquet"), ("supervised.md", None)],
)
def test_a_supervised_run_is_never_filed_as_zero_shot(name, renamed):
    assert named_by_claim(Path(name), "supervised") == Path(renamed or name)
    assert named_by_claim(Path(name), "zero-shot") == Path(name)
