"""From scores to results: probabilities, finding sets, abstention and notes, with a calibration and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration_fakes import CONCEPTS, MARKS, fitted, make_anchors
from encoders import encode_text
from radz.anchors.hybrid import Hybrid
from radz.calibration.calibration_file import UNSEEN, StoredCalibration
from radz.imaging.image import Image
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Statement
from radz.provenance import Provenance
from radz.serve.decision import DecisionRules, why_unknown_kind
from radz.types import Exposure
from reference_fakes import reference

NAMELESS = Image(np.zeros((1, 1, 1), np.float32))
NO_PERCENTILE = "no percentile: this model has no reference images"
CHEST = Provenance(corpus="c", split="train", fingerprint="f00d", anchors="rules")


@pytest.fixture(scope="module")
def stored() -> StoredCalibration:
    return fitted()


def decide(stored, scores, *, anchors=None, shift=0.0, image=NAMELESS, usual=None):
    """The result of one image with ``scores`` (C,), and its findings by name."""
    (result,) = DecisionRules(CHEST, KnowledgeBase.load(), stored, reference=usual).decide(
        ["image"],
        np.array([scores]),
        appearance=np.full((1, 8), shift),
        images=[image],
        anchors=anchors or make_anchors(),
        exposures=dict(zip(CONCEPTS, map(Exposure, MARKS), strict=True)),
    )
    return result, {finding.name: finding for finding in result.findings}


def test_probability_where_calibrated_else_the_reason(stored):
    _, findings = decide(stored, [0.5, 0.2, 0.1, 0.3])
    fit = stored.platt["pneumonia"]
    expected = 1 / (1 + np.exp(-(fit.slope * 0.5 + fit.offset)))
    assert findings["pneumonia"].probability == pytest.approx(expected)
    assert findings["pneumonia"].note == NO_PERCENTILE
    assert (findings["mass"].probability, findings["fracture"].probability) == (None, None)
    assert findings["mass"].note == f"no probability: {stored.refused['mass']}; {NO_PERCENTILE}"
    assert findings["fracture"].note.startswith(f"no probability: {UNSEEN}")


def test_a_parents_probability_is_no_lower_than_its_childs(stored):
    _, findings = decide(stored, [-3.0, 3.0, 0.0, 0.0])
    assert findings["pneumonia"].score == findings["viral_pneumonia"].score == 3.0
    assert findings["pneumonia"].probability == findings["viral_pneumonia"].probability > 0.5


def test_the_set_holds_the_findings_that_reach_its_threshold(stored):
    limit = stored.finding_set.threshold
    _, findings = decide(stored, [limit, limit - 1e-6, limit + 1, 9.0])
    assert [findings[c].in_set for c in CONCEPTS] == [True, False, True, None]
    _, raised = decide(stored, [limit - 1, limit, 0.0, 0.0])
    assert raised["pneumonia"].in_set is True, "with its subtype"


def test_a_finding_whose_texts_changed_is_not_the_calibrated_one(stored):
    _, findings = decide(stored, [9.0, 0.2, 0.1, 0.3], anchors=make_anchors(pneumonia="Something else."))
    assert (findings["pneumonia"].probability, findings["pneumonia"].in_set) == (None, None)
    assert findings["pneumonia"].note.startswith(
        "no probability: the texts of this finding have changed since calibration"
    )


def test_texts_that_disagree_are_noted(stored):
    _, findings = decide(stored, [0.5, 0.2, 0.1, 0.3])
    assert findings["fracture"].note.endswith("; its texts disagree: agreement 0.60, at least 0.70 where calibrated")
    assert "disagree" not in findings["mass"].note


def test_without_calibration_every_finding_says_so():
    result, findings = decide(None, [0.5, 0.2, 0.1, 0.3], shift=99)
    assert result.abstained == ""
    assert {f.note for f in findings.values()} == {
        f"no probability: this model has no calibration data; {NO_PERCENTILE}"
    }
    assert {f.in_set for f in findings.values()} == {None}


def test_an_image_far_from_the_calibration_images_is_not_judged(stored):
    near, _ = decide(stored, [0.5, 0.2, 0.1, 0.3])
    far, findings = decide(stored, [0.5, 0.2, 0.1, 0.3], shift=5)
    assert near.abstained == ""
    assert far.abstained.startswith("the image lies at distance 1")  # 5 sqrt 8 = 14.1 standard deviations
    assert {(f.probability, f.in_set) for f in findings.values()} == {(None, None)}
    assert findings["pneumonia"].score == 0.5, "the scores are shown all the same"
    assert findings["pneumonia"].note == "no probability or percentile: the model abstains from this image"


@pytest.mark.parametrize(
    ("modality", "body_part"),
    [
        *(("", ""), ("DX", "CHEST"), ("CR", "PORT CHEST"), ("RG", "THORAX"), ("OT", ""), ("DX", ""), ("", "LUNG")),
        *(("DR", "CHESTPA"), ("XR", "TÓRAX"), ("DR", "PECHO")),
    ],
)
def test_a_header_of_the_models_kind_or_no_header_abstains_nothing(modality, body_part):
    assert why_unknown_kind(replace(NAMELESS, modality=modality, body_part=body_part), CHEST) == ""


@pytest.mark.parametrize(
    ("modality", "body_part", "reason"),
    [
        ("CT", "CHEST", "its header says Modality CT; the model knows the radiograph only (CR, DX, DR, RG, XR)"),
        ("MR", "", "its header says Modality MR"),
        ("DX", "HAND", "its header says body part HAND; the model knows the chest only (CHEST, THORAX, LUNG, LUNGS)"),
        ("CR", "CHESTABDOMEN", "its header says body part CHESTABDOMEN"),
    ],
)
def test_a_header_of_another_kind_abstains(modality, body_part, reason):
    result, _ = decide(None, [0.5, 0.2, 0.1, 0.3], image=replace(NAMELESS, modality=modality, body_part=body_part))
    assert result.abstained.startswith(reason)


def test_unreviewed_statements_are_noted():
    cited = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
    for statement, note in (
        (cited, "1 of its 2 texts are unreviewed statements"),
        (cited.model_copy(update={"reviewed": True}), ""),
    ):
        fibrosis = KnowledgeBase.load()["fibrosis"].model_copy(update={"statements": (statement,)})
        base = KnowledgeBase([fibrosis if c.id == "fibrosis" else c for c in KnowledgeBase.load()])
        anchors = Hybrid(["fibrosis"], 16)([fibrosis], encode_text)
        assert DecisionRules(CHEST, base)._unreviewed(anchors) == [note]


def test_what_was_odd_in_the_file_is_noted_in_the_result():
    result, _ = decide(None, [0.5, 0.2, 0.1, 0.3], image=replace(NAMELESS, notes=("HighBit is 20 and was ignored",)))
    assert result.notes == ("HighBit is 20 and was ignored",)


def test_a_percentile_is_among_reference_images_of_the_same_view(stored):
    scores = [0.5, 0.75, 0.1, 0.25]
    result, findings = decide(stored, scores, image=replace(NAMELESS, view="AP"), usual=reference())
    percentiles = [findings[c].percentile for c in CONCEPTS]
    assert percentiles == pytest.approx(scores, abs=0.01), "of the finding's own score, whatever its subtypes have"
    assert findings["pneumonia"].score == 0.75
    assert [finding.name for finding in result.findings[2:]] == ["fracture", "mass"], "by percentile, after the others"
    _, lateral = decide(stored, scores, image=replace(NAMELESS, view="LL"), usual=reference())
    assert lateral["mass"].percentile is None
    assert lateral["mass"].note.endswith("no percentile: there are too few reference images of view LL")


def test_findings_with_a_probability_come_first_whatever_the_scores(stored):
    result, findings = decide(stored, [-5.0, -5.0, 9.0, 9.5], usual=reference())
    assert {finding.name for finding in result.findings[:2]} == {"pneumonia", "viral_pneumonia"}
    assert findings["pneumonia"].probability < 0.2


def test_without_calibration_and_reference_images_the_order_is_that_of_the_scores():
    result, findings = decide(None, [0.1, 0.4, 0.3, 0.2])
    assert [finding.name for finding in result.findings] == ["pneumonia", "viral_pneumonia", "mass", "fracture"]
    assert {finding.percentile for finding in findings.values()} == {None}


def test_an_image_that_is_not_judged_has_no_percentile(stored):
    result, findings = decide(stored, [0.5, 0.2, 0.1, 0.3], shift=5, usual=reference())
    assert result.abstained
    assert {finding.percentile for finding in findings.values()} == {None}
