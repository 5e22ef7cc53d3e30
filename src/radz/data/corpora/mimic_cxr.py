"""MIMIC-CXR (377,110 images of 65,379 patients, Beth Israel Deaconess) as DICOM with reports, in its official layout.

    files/p10/p10000032/s50414267/*.dcm   files/p10/p10000032/s50414267.txt (or mimic-cxr-reports.zip)

Split, views and labels are tables of MIMIC-CXR-JPG, ``mimic-cxr-2.0.0-split.csv.gz`` and so on, put next to ``files``
or named with the option ``tables``. Labels were mined from reports. Licence: PhysioNet credentialed health data
licence. Johnson et al., Scientific Data 6, 317, 2019.
"""

from __future__ import annotations

from typing import ClassVar

from radz.data.corpora._chexpert import LABELS
from radz.data.corpora._corpus import About
from radz.data.corpora._mimic import Mimic

__all__ = ["LABELS", "MimicCxr", "plugin"]


class MimicCxr(Mimic):
    """The fourteen labels of CheXpert; study ids are the official ``dicom_id``."""

    name: ClassVar[str] = "mimic_cxr"
    suffix: ClassVar[str] = ".dcm"
    reports_expected: ClassVar[bool] = True
    about: ClassVar[About] = About(
        title="MIMIC-CXR: 377,110 chest radiographs (DICOM) of 227,835 studies with English reports",
        obtain="https://physionet.org/content/mimic-cxr (images, mimic-cxr-reports.zip) and "
        "https://physionet.org/content/mimic-cxr-jpg (the tables mimic-cxr-2.0.0-*.csv.gz)",
        terms="PhysioNet credentialed health data licence 1.5: training, data use agreement, no redistribution",
    )


plugin = MimicCxr
