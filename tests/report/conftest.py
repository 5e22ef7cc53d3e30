"""One whole page for all tests of the folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radz.metrics.hardest_cases import HardestCase
from radz.report.contents import Case, Contents
from radz.report.page import as_html
from radz.report.thumbnails import as_jpeg
from report_fakes import everything


@pytest.fixture(scope="session")
def whole() -> Contents:
    """Everything that a page can show."""
    image = as_jpeg(np.zeros((1, 8, 8), dtype=np.float32))
    return replace(everything(), cases=(Case(HardestCase("SECRET-4", "effusion", True, -0.2, 0.975), image),))


@pytest.fixture(scope="session")
def html(whole) -> str:
    return as_html(whole)
