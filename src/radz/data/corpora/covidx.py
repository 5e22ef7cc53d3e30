"""COVIDx CXR, the releases of its repository (1 to 9) and of Kaggle (CXR-2 to CXR-4, up to 84,818 images).

    train.txt  val.txt  test.txt   train/*  val/*  test/*
    or, from the repository, train_COVIDx7A.txt ..., in the folder or in its folder labels

A line of a list is ``patient file class source``; the first four releases have no source. Classes are positive and
negative; or COVID-19, pneumonia and normal (releases 2 to 5, 7A and 8A); or COVID-19, viral, bacteria and normal
(release 1). Patients and files may have blanks in their names: of the possible readings of a line, the one whose file
exists is meant. Where there is no list for val, patients of train are drawn for it. The corpus was put together from
others: positives and negatives come from different ones, and negatives of RSNA are images of ChestX-ray14. Licence:
that of each source. Wang et al., Scientific Reports 10, 19549, 2020; Wu et al., COVIDx CXR-4, arXiv 2311.17677, 2023.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import write_radiograph
from radz.data.corpora._images import Missing, how_to_obtain, present_images
from radz.data.ontology import concepts_of
from radz.data.splits import SPLITS, rows_text, split_by_hash
from radz.data.tables import read_text
from radz.errors import CorpusError
from radz.types import Presence, Study

LABELS = ("positive", "negative", "COVID-19", "pneumonia", "normal", "viral", "bacteria")

_PRESENT, _ABSENT = Presence.PRESENT, Presence.ABSENT
_OTHER_PNEUMONIA = {"covid_19": _ABSENT, "pneumonia": _PRESENT, "no_finding": _ABSENT}
_MEANINGS: Mapping[str, Mapping[str, Presence]] = {
    "positive": {"covid_19": _PRESENT},
    "negative": {"covid_19": _ABSENT},
    "COVID-19": {"covid_19": _PRESENT, "pneumonia": _PRESENT, "no_finding": _ABSENT},
    "pneumonia": _OTHER_PNEUMONIA,
    "viral": _OTHER_PNEUMONIA,
    "bacteria": _OTHER_PNEUMONIA,
    "normal": {"covid_19": _ABSENT, "pneumonia": _ABSENT, "no_finding": _PRESENT},
}
_LINE = re.compile(rf"(?P<names>\S+\s.*?)\s+(?P<label>{'|'.join(LABELS)})(?:\s+(?P<source>\S+))?")
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
        title="COVIDx CXR: up to 84,818 chest radiographs with and without COVID-19, put together from other sets",
        obtain="https://www.kaggle.com/datasets/andyczhao/covidx-cxr2 (images and lists)",
        terms="those of each source; research only, as its authors ask",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        version: str | int | None = None,
        val_fraction: float = 0.1,
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root``.

        version: the release whose lists are read, such as ``7A`` for train_COVIDx7A.txt, where the folder has several.
        val_fraction: where there is no list for val, the share of the patients of train that become ``val``, drawn by a
        hash of the patient id. missing: images that are listed and missing, ``error | skip | later``.

        Raises CorpusError for a missing list or image or a malformed line, LeakageError for a patient in two lists.
        """
        self.root = Path(root)
        self.policies = {"missing": missing}
        paths = {part: path for part in SPLITS if (path := _list_of(self.root, part, version))}
        if not {"train", "test"} & paths.keys():
            suffix = "" if version is None else f"_COVIDx{version}"
            raise CorpusError(
                f"{self.root}: there is neither train{suffix}.txt nor test{suffix}.txt. {how_to_obtain(self.about)}"
            )
        drawn = 0.0 if "val" in paths else val_fraction
        if drawn:
            self.policies |= {"split": f"val by hash: {drawn}"}
        lines = [(part, line) for part, path in paths.items() for line in _read_list(path, self.root / part)]
        studies = [_study(self.root, part, line, drawn) for part, line in lines]
        row_of = {study.study_id: line.row for study, (_, line) in zip(studies, lines, strict=True)}
        present = present_images(studies, missing, self.root, self.about)
        two_classes = all(line.label in ("positive", "negative") for _, line in lines)
        findings = ("covid_19",) if two_classes else concepts_of(self.name)
        super().__init__(present, findings, split, rows=[row_of[study.study_id] for study in present])

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images of three patients, one per list; one of them has a blank in its name."""
        lines = {
            "train": ("3", "SARS-10.1148rg.242035193-g04mr34g0-Fig8a-day0.jpeg", "negative", "cohen"),
            "val": ("SITE2-000265", "MIDRC-RICORD-1C-SITE2-000265-99793-1.png", "positive", "ricord"),
            "test": ("ANON24", "Figure 1.png", "positive", "actmed"),
        }
        for seed, (part, line) in enumerate(lines.items()):
            write_radiograph(tmp_path / part / line[1], seed)
            (tmp_path / f"{part}.txt").write_text(" ".join(line) + "\n", encoding="utf-8")
        return tmp_path


def _list_of(root: Path, part: str, version: str | int | None) -> Path | None:
    """The list of a part, ``None`` if there is none. Raises CorpusError if there are several."""
    any_version = (f"{part}.txt", f"{part}_COVIDx*.txt", f"{part}_split_v*.txt")
    for name in any_version if version is None else (f"{part}_COVIDx{version}.txt", f"{part}_split_v{version}.txt"):
        lists = sorted(path for folder in (root, root / "labels") for path in folder.glob(name))
        if len(lists) > 1:
            names_there = ", ".join(path.name for path in lists)
            raise CorpusError(f"{root}: has the lists {names_there}. Name one with the option version, such as 7A.")
        if lists:
            return lists[0]
    return None


def _read_list(path: Path, folder: Path) -> Iterator[_Line]:
    """The lines of a list whose images are in ``folder``. Raises CorpusError with the rows that cannot be read."""
    files = frozenset(file.name for file in folder.iterdir()) if folder.is_dir() else frozenset()
    malformed = []
    for row, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        match = _LINE.fullmatch(text.strip())
        if match is None:
            malformed.append(row)
            continue
        patient, image = _patient_and_file(match["names"], files)
        yield _Line(patient, image, match["label"], match["source"] or "", row)
    if malformed:
        raise CorpusError(
            f"{path}: {rows_text(malformed)} cannot be read as 'patient file class source' with a class of "
            f"{', '.join(LABELS)}."
        )


def _patient_and_file(names: str, files: Collection[str]) -> tuple[str, str]:
    """``HOSP 4 HOSP(4).png`` -> ("HOSP 4", "HOSP(4).png"): the reading whose file is among ``files``.

    Where no reading or several have a file, the one whose file is called like its patient, else the shortest patient.
    """
    readings = [(names[: blank.start()], names[blank.end() :]) for blank in re.finditer(r"\s+", names)]
    existing = [reading for reading in readings if reading[1] in files] or readings
    alike = [reading for reading in existing if _letters(reading[0]) == _letters(Path(reading[1]).stem)]
    return (alike or existing)[0]


def _letters(name: str) -> str:
    """``HOSP(4)`` -> ``hosp4``."""
    return re.sub(r"\W+", "", name).lower()


def _study(root: Path, part: str, line: _Line, val_fraction: float) -> Study:
    patient = f"{line.source}/{line.patient}" if line.source else line.patient  # each source has its numbers
    split = split_by_hash(patient, _SALT, val_fraction, 0) if part == "train" else part
    image = Path(f"{root}/{part}/{line.image}")
    metadata = {"source": line.source} if line.source else {}
    return Study(f"{part}/{line.image}", patient, image, None, _MEANINGS[line.label], metadata, split)


plugin = Covidx
