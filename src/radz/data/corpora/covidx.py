"""COVIDx CXR (its versions 2 to 4, up to 84,818 images) in the layout of its download.

    train.txt  val.txt  test.txt   train/*  val/*  test/*

A line of a list is ``patient file class source``; classes are positive and negative, or COVID-19, pneumonia and normal
in the three-class lists of its repository. Versions 2 and 3 have no val.txt, so patients of train are drawn for it. The
corpus was put together from others: positives and negatives come from different ones, and negatives of RSNA are images
of ChestX-ray14. Licence: that of each source. Wang et al., Scientific Reports 10, 19549, 2020; Wu et al., COVIDx CXR-4,
arXiv 2311.17677, 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import write_radiograph
from radz.data.corpora._images import Missing, how_to_obtain, present_images
from radz.data.ontology import concepts_of
from radz.data.splits import SPLITS, rows_text, split_by_hash
from radz.errors import CorpusError
from radz.types import Presence, Study

LABELS = ("positive", "negative", "COVID-19", "pneumonia", "normal")

_PRESENT, _ABSENT = Presence.PRESENT, Presence.ABSENT
_SAID: Mapping[str, Mapping[str, Presence]] = {
    "positive": {"covid_19": _PRESENT},
    "negative": {"covid_19": _ABSENT},
    "COVID-19": {"covid_19": _PRESENT, "pneumonia": _PRESENT, "no_finding": _ABSENT},
    "pneumonia": {"covid_19": _ABSENT, "pneumonia": _PRESENT, "no_finding": _ABSENT},
    "normal": {"covid_19": _ABSENT, "pneumonia": _ABSENT, "no_finding": _PRESENT},
}
_SALT = "covidx-val"


@dataclass(frozen=True, slots=True)
class _Line:
    patient: str
    image: str
    label: str
    source: str
    row: int


class Covidx(Corpus):
    """COVID-19, and pneumonia and "normal" where the lists have three classes; study ids are ``folder/file``."""

    name: ClassVar[str] = "covidx"
    about: ClassVar[About] = About(
        title="COVIDx CXR: up to 84,818 chest films with and without COVID-19, put together from other sets",
        obtain="https://www.kaggle.com/datasets/andyczhao/covidx-cxr2 (films and lists)",
        terms="those of each source; research only, as its authors ask",
    )

    def __init__(
        self, root: Path, split: str | None = None, *, val_fraction: float = 0.1, missing: Missing = "error"
    ) -> None:
        """Open the folder ``root``.

        val_fraction: where there is no val.txt, the share of the patients of train that become ``val``, drawn by a hash
        of the patient id. missing: images listed and not there, ``error | skip | later``.

        Raises CorpusError for a missing list or image or a strange line, LeakageError for a patient in two lists.
        """
        self.root = Path(root)
        self.policies = {"missing": missing}
        lists = {part: self.root / f"{part}.txt" for part in SPLITS}
        if not (lists["train"].is_file() or lists["test"].is_file()):
            raise CorpusError(f"{self.root}: there is neither train.txt nor test.txt. {how_to_obtain(self.about)}")
        cut = 0.0 if lists["val"].is_file() else val_fraction
        if cut:
            self.policies |= {"split": f"val by hash: {cut}"}
        found = {part: [*_lines(path)] for part, path in lists.items() if path.is_file()}
        studies = [_study(self.root, part, line, cut) for part, lines in found.items() for line in lines]
        rows = [line.row for lines in found.values() for line in lines]
        three = any(line.label not in ("positive", "negative") for lines in found.values() for line in lines)
        row_of = dict(zip((study.study_id for study in studies), rows, strict=True))
        kept = present_images(studies, missing, self.root, self.about)
        findings = concepts_of(self.name) if three else ("covid_19",)
        super().__init__(kept, findings, split, rows=[row_of[study.study_id] for study in kept])

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images of three patients, one a list; one of them has a blank in its name."""
        lines = {
            "train": ("3", "SARS-10.1148rg.242035193-g04mr34g0-Fig8a-day0.jpeg", "negative", "cohen"),
            "val": ("SITE2-000265", "MIDRC-RICORD-1C-SITE2-000265-99793-1.png", "positive", "ricord"),
            "test": ("ANON24", "Figure 1.png", "positive", "actmed"),
        }
        for seed, (part, line) in enumerate(lines.items()):
            write_radiograph(tmp_path / part / line[1], seed)
            (tmp_path / f"{part}.txt").write_text(" ".join(line) + "\n", encoding="utf-8")
        return tmp_path


def _lines(path: Path) -> Iterator[_Line]:
    strange = []
    for row, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        cells = text.split()
        if not cells:
            continue
        if len(cells) < 4 or cells[-2] not in LABELS:
            strange.append(row)
            continue
        yield _Line(cells[0], " ".join(cells[1:-2]), cells[-2], cells[-1], row)
    if strange:
        raise CorpusError(
            f"{path}: {rows_text(strange)} is not 'patient file class source' with a class of {', '.join(LABELS)}."
        )


def _study(root: Path, part: str, line: _Line, cut: float) -> Study:
    patient = f"{line.source}/{line.patient}"  # sources number their patients each for itself
    split = split_by_hash(patient, _SALT, cut, 0) if part == "train" else part
    image = Path(f"{root}/{part}/{line.image}")
    return Study(f"{part}/{line.image}", patient, image, None, _SAID[line.label], {"source": line.source}, split)


plugin = Covidx
