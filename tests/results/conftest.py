"""Results as `radz predict` has them: calibrated, not calibrated, abstained and refused."""

from __future__ import annotations

import pytest

from radz.types import Exposure, Finding, Result


@pytest.fixture
def results() -> list[Result]:
    return [
        Result(
            "chest.png",
            (
                Finding("mass", 0.12345678, 0.975, Exposure.SUPERVISED, in_set=True, percentile=0.93),
                Finding("edema", -0.5, None, Exposure.UNSEEN, "no probability: not in the calibration set"),
            ),
        ),
        Result("ankle.png", (Finding("mass", 0.25, None, Exposure.SEEN, "no calibration"),), abstained="not a chest"),
        Result("cut.png", error="cut.png is damaged"),
    ]
