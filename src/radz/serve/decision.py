"""Scores to results: probabilities, percentiles, finding sets and abstention, each with the reason where there is none.

Findings with a probability come first, by probability; then those with a percentile among reference images of the same
view, by percentile; then the rest by score.

The model abstains from an image whose header names another kind of image than it knows, and from one that lies farther
from the calibration images than nearly all of them. Scores are shown anyway, without probabilities and set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from radz.calibration.calibration_file import StoredCalibration
from radz.calibration.hierarchy import reconcile
from radz.calibration.order import order_keys
from radz.calibration.reference import ReferenceStatistics
from radz.imaging.body_parts import body_part_words
from radz.imaging.image import Image
from radz.knowledge import KnowledgeBase
from radz.metrics.ranking import Floats
from radz.provenance import Provenance
from radz.report.format import number, percent
from radz.types import Anchors, Exposure, Finding, Result

UNCALIBRATED = "this model has no calibration data"
NO_REFERENCE = "this model has no reference images"
ABSTAINS = "the model abstains from this image"
MODALITIES = {"radiograph": ("CR", "DX", "DR", "RG", "XR")}
"""Kind of image that a model knows -> values of DICOM's Modality (0008,0060)."""
BODY_PARTS = {"chest": ("CHEST", "THORAX", "LUNG", "LUNGS")}
"""Body part that a model knows -> words of DICOM's BodyPartExamined (0018,0015)."""
SAYS_NOTHING = ("", "OT", "SC")
"""Modalities of what was converted or scanned: any kind of image."""


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """What holds of a finding in every image. blank: why it has no probability, if it has none."""

    name: str
    exposure: Exposure
    blank: str
    note: str


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What one model may state about an image.

    stored: its calibration; without one, ``uncalibrated`` is the reason. reference: its scores of reference images;
    without them, ``no_reference`` is the reason.
    """

    provenance: Provenance
    knowledge: KnowledgeBase
    stored: StoredCalibration | None = None
    uncalibrated: str = UNCALIBRATED
    reference: ReferenceStatistics | None = None
    no_reference: str = NO_REFERENCE

    def decide(
        self,
        names: Sequence[str],
        scores: Floats,
        *,
        appearance: Floats,
        images: Sequence[Image],
        anchors: Anchors,
        exposures: dict[str, Exposure],
    ) -> list[Result]:
        """Results of B images from scores (B, C) and appearances (B, A), in the order of ``names``."""
        shown = reconcile(scores, anchors.concepts, self.knowledge)
        blanks = [self._why_blank(c, t, exposures[c]) for c, t in _texts(anchors)]
        probability = self._probabilities(scores, anchors, blanks)
        sets = self._sets(shown, anchors, exposures)
        pairs = zip(self._disagreements(anchors), self._unreviewed(anchors), strict=True)
        about = [
            FindingFacts(concept, exposures[concept], blank, "; ".join(filter(None, pair)))
            for concept, blank, pair in zip(anchors.concepts, blanks, pairs, strict=True)
        ]
        results = []
        for row, image in enumerate(images):
            abstained = self.why_abstain(image, appearance[row])
            percentile, unplaced = self._percentiles(scores[row], anchors, image.view)
            if abstained:
                findings = _unjudged(about, shown[row])
            else:
                findings = _judged(about, np.stack([shown[row], probability[row], percentile]), sets[row], unplaced)
            results.append(Result(names[row], findings, abstained=abstained, notes=image.notes))
        return results

    def why_abstain(self, image: Image, appearance: Floats) -> str:
        """Why the model abstains from an image with this appearance (A,); empty if it does not."""
        return why_unknown_kind(image, self.provenance) or self._why_far(appearance)

    def _why_far(self, appearance: Floats) -> str:
        """Why an appearance (A,) is out of distribution; empty if it is not."""
        known = self.stored.out_of_distribution if self.stored else None
        if known is None:
            return ""
        distance = float(known.distances(appearance[np.newaxis])[0])
        if distance <= known.threshold:
            return ""
        return (
            f"the image lies at distance {number(distance, 1)} from the calibration images, of which "
            f"{percent(known.known)} lie within {number(known.threshold, 1)}; it may be of a kind that the model does "
            "not know"
        )

    def _why_blank(self, concept: str, texts: tuple[str, ...], mark: Exposure) -> str:
        if self.stored is None:
            return self.uncalibrated
        return self.stored.why_no_probability(concept, texts, mark)

    def _probabilities(self, scores: Floats, anchors: Anchors, blanks: Sequence[str]) -> Floats:
        """Probabilities (B, C) from scores (B, C), NaN where there is none; a parent's is at least its child's."""
        values = np.full(np.shape(scores), np.nan)
        for column, (concept, blank) in enumerate(zip(anchors.concepts, blanks, strict=True)):
            if self.stored and not blank:
                values[:, column] = self.stored.platt[concept].probability(scores[:, column])
        return reconcile(values, anchors.concepts, self.knowledge)

    def _percentiles(self, scores: Floats, anchors: Anchors, view: str) -> tuple[Floats, list[str]]:
        """Percentiles (C,) of one image's scores (C,), NaN where there is none, and for each finding why."""
        values = np.full(len(anchors), np.nan)
        if self.reference is None:
            return values, [self.no_reference] * len(anchors)
        reasons = [self.reference.why_no_percentile(concept, texts, view) for concept, texts in _texts(anchors)]
        for column, (concept, reason) in enumerate(zip(anchors.concepts, reasons, strict=True)):
            if not reason:
                values[column] = self.reference.percentile(concept, view, scores[[column]])[0]
        return values, reasons

    def _sets(self, shown: Floats, anchors: Anchors, exposures: dict[str, Exposure]) -> list[list[bool | None]]:
        """Whether each finding is in its image's set, from scores (B, C) raised to those of their children."""
        if self.stored is None or self.stored.finding_set is None:
            return [[None] * len(anchors) for _ in shown]
        inside = shown >= self.stored.finding_set.threshold
        known = [self.stored.knows(c, t) and exposures[c] is not Exposure.UNSEEN for c, t in _texts(anchors)]
        return [[bool(x) if k else None for x, k in zip(row, known, strict=True)] for row in inside]

    def _disagreements(self, anchors: Anchors) -> list[str]:
        """A note for each finding whose texts agree less than those of every calibrated finding."""
        least = self.stored.agreement if self.stored else None
        if least is None or anchors.agreement is None:
            return [""] * len(anchors)
        return [
            f"its texts disagree: agreement {number(value, 2)}, at least {number(least, 2)} where calibrated"
            if value < least
            else ""
            for value in anchors.agreement.tolist()
        ]

    def _unreviewed(self, anchors: Anchors) -> list[str]:
        """A note for each finding whose anchor comes from cited or drafted sentences that nobody has reviewed."""
        return [
            f"{count} of its {len(texts)} texts are unreviewed statements" if count else ""
            for concept, texts in _texts(anchors)
            for count in [len(self.knowledge[concept].unreviewed(texts)) if concept in self.knowledge else 0]
        ]


def why_unknown_kind(image: Image, provenance: Provenance) -> str:
    """Why the model does not know the kind of image that the header names; empty if it does."""
    modalities = MODALITIES.get(provenance.modality, (provenance.modality.upper(),))
    if image.modality not in (*SAYS_NOTHING, *modalities):
        return f"its header says Modality {image.modality}; the model knows {_listed(provenance.modality, modalities)}"
    parts = BODY_PARTS.get(provenance.body_part, (provenance.body_part.upper(),))
    words = body_part_words(image.body_part)
    if words and words.isdisjoint(parts):
        return f"its header says body part {image.body_part}; the model knows {_listed(provenance.body_part, parts)}"
    return ""


def _listed(kind: str, values: Iterable[str]) -> str:
    return f"the {kind} only ({', '.join(values)})"


def _texts(anchors: Anchors) -> Iterable[tuple[str, tuple[str, ...]]]:
    return zip(anchors.concepts, anchors.texts, strict=True)


def _judged(
    about: Sequence[FindingFacts], values: Floats, inside: Sequence[bool | None], unplaced: Sequence[str]
) -> tuple[Finding, ...]:
    """Findings in order. values: (3, C), scores, probabilities and percentiles, NaN where there is none.

    inside: whether each is in the image's set. unplaced: why each has no percentile.
    """
    scores, probability, percentile = values
    keys = order_keys(probability, order_keys(percentile, scores))
    findings = []
    for i in np.argsort(-keys, kind="stable"):
        facts = about[i]
        blank = f"no probability: {facts.blank}" if facts.blank else ""
        missing = f"no percentile: {unplaced[i]}" if unplaced[i] else ""
        findings.append(
            Finding(
                facts.name,
                float(scores[i]),
                _or_none(probability[i]),
                facts.exposure,
                "; ".join(filter(None, (blank, missing, facts.note))),
                inside[i],
                _or_none(percentile[i]),
            )
        )
    return tuple(findings)


def _unjudged(about: Sequence[FindingFacts], scores: Floats) -> tuple[Finding, ...]:
    """Findings by falling score (C,) of an image from which the model abstains."""
    blank = f"no probability or percentile: {ABSTAINS}"
    return tuple(
        Finding(
            about[i].name, float(scores[i]), None, about[i].exposure, "; ".join(filter(None, (blank, about[i].note)))
        )
        for i in np.argsort(-scores, kind="stable")
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
