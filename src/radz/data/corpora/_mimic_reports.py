"""Reports of MIMIC-CXR: one text file per study, in folders or in their archive."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from radz.data.tables import read_text
from radz.errors import CorpusError
from radz.text.sections import read_sections, remove_marks
from radz.types import Study

ARCHIVE = "mimic-cxr-reports.zip"

_WORKERS = 16
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def with_reports(records: Sequence[Study], source: Path, where: str) -> Iterator[Study]:
    """The studies with findings and impression of their reports. source: the folder with ``files/``, or the archive.

    Raises CorpusError for a missing report.
    """
    with _reader(source) as read, ThreadPoolExecutor(_WORKERS) as pool:
        for study, text in zip(records, pool.map(lambda study: read(_name(study)), records), strict=True):
            if text is None:
                raise CorpusError(
                    f"{where}: {source} has no report {_name(study)}. Obtain {ARCHIVE} from "
                    "https://physionet.org/content/mimic-cxr (credentialed access), name it with the option reports, "
                    "or set reports: false."
                )
            yield replace(study, report=described(text) or None)


def described(report: str) -> str:
    """Findings and impression of a report; its last paragraph where it has neither: its labels were made from that."""
    final = report.partition("FINAL REPORT")[2] or report
    sections = read_sections(final)
    if not (sections.findings or sections.impression):
        paragraphs = [part for part in _BLANK_LINE.split(remove_marks(final)) if part.strip()]
        sections = read_sections(paragraphs[-1] if paragraphs else "")
    return "\n\n".join(" ".join(part.split()) for part in _BLANK_LINE.split(sections.described) if part.strip())


@contextmanager
def _reader(source: Path) -> Iterator[Callable[[str], str | None]]:
    """A function from the name of a report to its text, ``None`` if it is missing."""
    if source.suffix != ".zip":
        yield lambda name: read_text(source / name) if (source / name).is_file() else None
        return
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
            yield lambda name: archive.read(name).decode() if name in names else None
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise CorpusError(f"{source}: cannot be read as an archive of reports: {error}. Download it again.") from None


def _name(study: Study) -> str:
    patient = study.patient_id
    return f"files/p{patient[:2]}/p{patient}/{study.metadata['study']}.txt"
