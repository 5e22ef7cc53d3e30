"""MIMIC-CXR-JPG (the images of MIMIC-CXR as 8-bit JPG, contrast equalised by its authors) in its official layout.

    files/p10/p10000032/s50414267/*.jpg   mimic-cxr-2.0.0-{split,metadata,chexpert,negbio}.csv.gz

Reports are MIMIC-CXR's; they are read where the option ``reports`` names their folder or archive. Labels were mined
from them. Licence: PhysioNet credentialed health data licence. Johnson et al., arXiv 1901.07042, 2019.
"""

from __future__ import annotations

from typing import ClassVar

from radz.data.corpora._chexpert import LABELS
from radz.data.corpora._corpus import About
from radz.data.corpora._mimic import Mimic

__all__ = ["LABELS", "MimicCxrJpg", "plugin"]


class MimicCxrJpg(Mimic):
    """The fourteen labels of CheXpert; study ids are the official ``dicom_id``."""

    name: ClassVar[str] = "mimic_cxr_jpg"
    suffix: ClassVar[str] = ".jpg"
    reports_expected: ClassVar[bool] = False
    about: ClassVar[About] = About(
        title="MIMIC-CXR-JPG: 377,110 chest radiographs (JPG) of 227,827 studies, labels mined from reports",
        obtain="https://physionet.org/content/mimic-cxr-jpg (images and the tables mimic-cxr-2.0.0-*.csv.gz)",
        terms="PhysioNet credentialed health data licence 1.5: training, data use agreement, no redistribution",
    )


plugin = MimicCxrJpg
