"""Finding sets with controlled recall."""

from __future__ import annotations

import numpy as np
import pytest

from radz.calibration.conformal import control_recall, recalls
from radz.errors import ScoresError


def test_threshold_by_hand():
    scores, labels = np.arange(19.0)[:, None], np.ones((19, 1))
    control = control_recall(scores, labels)  # (19 + 1) * 0.1 - 1 = 1 image may be missed: that of score 0
    assert (control.threshold, control.studies) == (1.0, 19)
    assert control_recall(scores[:9], labels[:9]).threshold == 0.0  # 10 * 0.1 - 1 = 0 images may be missed


def test_findings_of_one_image_share_its_recall_and_unknown_labels_take_no_part():
    scores = np.array([[0.0, 1.0, 2.0], [5.0, -9.0, np.nan], [7.0, 8.0, 9.0]])
    labels = np.array([[1.0, 1.0, 0.0], [1.0, np.nan, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(recalls(scores, labels, 1.0), [0.5, 1.0, np.nan])
    control = control_recall(scores, labels, recall=0.5)  # (2 + 1) * 0.5 - 1 = half an image may be missed
    assert (control.threshold, control.studies) == (1.0, 2)


def test_ties_are_missed_together():
    assert control_recall(np.zeros((30, 1)), np.ones((30, 1))).threshold == 0.0


def test_too_few_images_and_odd_recalls_are_refused():
    with pytest.raises(ScoresError, match=r"8 validation images .* recall of 0\.9: at least 9 are needed"):
        control_recall(np.zeros((8, 1)), np.ones((8, 1)))
    with pytest.raises(ScoresError, match=r"outside \(0, 1\)"):
        control_recall(np.zeros((8, 1)), np.ones((8, 1)), recall=1.0)


def draw(rng, count):
    labels = (rng.random((count, 5)) < 0.3).astype(float)
    return labels + rng.normal(size=(count, 5)), labels


def test_recall_of_exchangeable_images_is_between_its_bounds():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        control = control_recall(*draw(rng, 150))
        shares.append(np.nanmean(recalls(*draw(rng, 150), control.threshold)))
    error = np.std(shares) / np.sqrt(len(shares))
    images = 150 * (1 - 0.7**5)
    assert 0.9 - 3 * error <= np.mean(shares) <= 0.9 + 2 / (images + 1) + 3 * error


def test_same_threshold_as_mapie():
    mapie = pytest.importorskip("mapie.risk_control")
    rng = np.random.default_rng(1)
    scores, labels = draw(rng, 300)
    scores, labels = (part[labels.sum(axis=1) > 0] for part in (1 / (1 + np.exp(-scores)), labels))
    controller = mapie.MultiLabelClassificationController(
        lambda x: x, risk="recall", method="crc", target_level=0.9, predict_params=np.linspace(0, 1, 2001)[:-1]
    ).calibrate(scores, labels)
    ours = control_recall(scores, labels).threshold
    assert float(np.squeeze(controller.best_predict_param)) == pytest.approx(
        ours, abs=1e-3
    )  # measured 5.0e-4, the step of MAPIE's grid
