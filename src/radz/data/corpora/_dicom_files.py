"""DICOM headers of a corpus, read once when it is opened, without pixels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from radz.data.corpora._images import Missing
from radz.errors import CorpusError, MissingExtraError
from radz.imaging.find import MARKER_END, starts_as_dicom
from radz.types import Study

SHORTCUTS = {"view": "ViewPosition", "sex": "PatientSex", "age": "PatientAge"}
"""Metadata key -> DICOM keyword."""
_THREADS = 8


def read_headers(paths: Sequence[Path], keywords: Sequence[str]) -> list[dict[str, str]]:
    """Values of ``keywords`` as text, for each file in order; '' if a file has none.

    Raises CorpusError, with the path alone, for a file that is missing or not DICOM; MissingExtraError if pydicom is
    not installed.
    """
    try:
        import pydicom
    except ModuleNotFoundError:
        raise MissingExtraError("Reading DICOM headers", "pydicom", "dicom") from None

    def read(path: Path) -> dict[str, str]:
        try:
            with path.open("rb") as file:
                recognised = starts_as_dicom(file.read(MARKER_END))
                file.seek(0)
                header = pydicom.dcmread(file, stop_before_pixels=True, force=recognised, specific_tags=[*keywords])
        except Exception as error:  # pydicom raises anything on hostile bytes; its text may quote a header
            reason = type(error).__name__
            raise CorpusError(f"{path}: its DICOM header cannot be read ({reason}). Obtain the file again.") from None
        return {keyword: _text(header.get(keyword)) for keyword in keywords}

    # Public corpora break the rules of values (an age of "51"), which pydicom would warn of for each file.
    with pydicom.config.disable_value_validation(), ThreadPoolExecutor(_THREADS) as threads:
        return [*threads.map(read, paths)]


def headers_of(studies: Sequence[Study], missing: Missing, keywords: Sequence[str] = ()) -> list[dict[str, str]]:
    """``keywords``, and those of ``SHORTCUTS``, of each study's image; nothing where missing images are allowed."""
    if missing == "later":
        return [{} for _ in studies]
    return read_headers([study.image for study in studies if study.image], (*keywords, *SHORTCUTS.values()))


def shortcuts(header: Mapping[str, str]) -> dict[str, str]:
    """View, sex and age of one header, where it has them."""
    values = {key: header.get(keyword, "") for key, keyword in SHORTCUTS.items()}
    return {key: value for key, value in {**values, "age": years(values["age"])}.items() if value}


def years(age: str) -> str:
    """``57`` and, in DICOM and the first release of ChestX-ray14, ``057Y``, ``011M``, ``008W`` or ``030D`` -> years."""
    parts = re.fullmatch(r"(\d+)([YMWD]?)", age)
    if not parts:
        return age
    return str(int(parts[1]) // {"Y": 1, "": 1, "M": 12, "W": 52, "D": 365}[parts[2]])


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
