"""Open-I, the chest films of Indiana University (7,470 films of 3,955 reports) in its official layout.

    ecgen-radiology/*.xml   NLMCXR_png/CXR1_1_IM-0001-3001.png ...  or  1/1_IM-0001-3001.dcm ...

A report is of one patient, so patients are reports. Its headings were given by people (``major``) or found by a program
(``automatic``); what is not among them is absent. Neither archive says which film is frontal. Licence: CC BY-NC-ND 4.0.
Demner-Fushman et al., JAMIA 23, 2016.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from radz.data.corpora._corpus import About, Corpus, write_film
from radz.data.corpora._films import (
    Missing,
    Side,
    Views,
    choose_films,
    how_to_obtain,
    present_films,
)
from radz.data.corpora._labels import Broader, Unlisted, from_listed
from radz.data.corpora._open_i_reports import Report, labelled_by, labels_in, read_reports
from radz.data.ontology import concepts_of, labels_of
from radz.data.splits import split_by_hash
from radz.data.tables import read_table, require_columns
from radz.errors import CorpusError
from radz.types import Presence, Study

LABELS = tuple(labels_of("open_i"))
"""First parts of the headings that people gave, and those that name a finding only with their qualifier."""
LabelSource = Literal["major", "automatic"]
ImageKind = Literal["png", "dicom"]
VIEW_COLUMNS = ("tsne-view", "View Position", "view", "projection")

_REPORTS = "ecgen-radiology"
_NOT_INDEXED = "No Indexing"
_FRONTAL, _LATERAL = ("PA", "AP", "FRONTAL"), ("L", "LL", "RL", "LATERAL", "LARGE LATERAL")
_SALT = "open_i"


class OpenI(Corpus):
    """Headings as concepts; study ids are the ids of the films, ``CXR1_1_IM-0001-3001``."""

    name: ClassVar[str] = "open_i"
    about: ClassVar[About] = About(
        title="Open-I: 7,470 chest films of 3,955 English reports of Indiana University, indexed by people",
        obtain="https://openi.nlm.nih.gov/faq (NLMCXR_reports.tgz, and NLMCXR_png.tgz or NLMCXR_dcm.tgz)",
        terms="CC BY-NC-ND 4.0",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        labels: LabelSource = "major",
        unlisted: Unlisted = "absent",
        broader: Broader = "present",
        val_fraction: float = 0.1,
        test_fraction: float = 0.2,
        views: Views = "one",
        view_table: Path | str | None = None,
        images: ImageKind | None = None,
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root`` that holds ``ecgen-radiology`` and the films.

        labels: headings that people gave (``major``), or terms that a program found (``automatic``). unlisted: what a
        label is that a report has not, ``absent | unlabelled``; a report that nobody indexed says nothing. broader:
        what a concept is that is not listed but a kind of it is, ``present | unlabelled | absent``. val_fraction,
        test_fraction: shares of the reports, drawn by a hash. views: ``one`` frontal film a report, ``frontal``,
        ``lateral`` or ``all``. view_table: a CSV with the columns imageid and one of ``VIEW_COLUMNS``. In a report of
        which no film is known to be frontal, the first film of unknown view is taken for it. images: ``png`` or
        ``dicom``; default, what is there. missing: films that are not there, ``error | skip | later``.

        Raises CorpusError for missing reports, films or columns, or a heading that is not known.
        """
        self.root = Path(root)
        self.policies = {"labels": labels, "unlisted": unlisted, "broader": broader, "views": views, "missing": missing}
        self.policies |= {"split": f"by hash: {test_fraction} test, {val_fraction} val"}
        reports = read_reports(_report_folder(self.root))
        known = {} if view_table is None else _read_views(Path(view_table))
        place = _Films(self.root, images)
        studies: list[Study] = []
        for report in reports:
            presence = _labels(report, labels, unlisted, broader)
            part = split_by_hash(report.uid, _SALT, val_fraction, test_fraction)
            for film in _taken(report, known, views):
                metadata = {"study": report.uid} | ({"view": known[film]} if known.get(film) else {})
                studies.append(Study(film, report.uid, place.of(film), report.text or None, presence, metadata, part))
        super().__init__(present_films(studies, missing, self.root, self.about), concepts_of(self.name), split)

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three reports that fall into train, val and test, as PNG; the first has two films."""
        headings = ("Cardiomegaly/mild", "normal", "Diaphragm/right/elevated")
        for seed, (split, heading) in enumerate(zip(("train", "val", "test"), headings, strict=True)):
            number = next(n for n in range(1, 10_000) if split_by_hash(f"CXR{n}", _SALT, 0.1, 0.2) == split)
            films = [f"CXR{number}_IM-0001-{film}001" for film in ((1, 2) if seed == 0 else (1,))]
            path = tmp_path / _REPORTS / f"{number}.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_fake_report(f"CXR{number}", heading, films), encoding="utf-8")
            for film in films:
                write_film(tmp_path / "NLMCXR_png" / f"{film}.png", seed)
        return tmp_path


class _Films:
    """Where films are, found by one walk through the folder."""

    def __init__(self, root: Path, images: ImageKind | None) -> None:
        self.root = root
        self.png = {path.stem: path for path in root.rglob("*.png")} if images != "dicom" else {}
        self.dicom = {path.stem: path for path in root.rglob("*.dcm")} if images != "png" and not self.png else {}

    def of(self, film: str) -> Path:
        """``CXR1_1_IM-0001-3001`` -> its file; where none was found, the one that the archive of PNG would have."""
        name = re.sub(r"^CXR(\d+)_(?:\1_)?", r"\1_", film)  # the archive of DICOM names it so
        return self.png.get(film) or self.dicom.get(name) or self.root / "NLMCXR_png" / f"{film}.png"


def _report_folder(root: Path) -> Path:
    found = sorted(path for pattern in (_REPORTS, f"*/{_REPORTS}") for path in root.glob(pattern) if path.is_dir())
    if not found or not any(found[0].glob("*.xml")):
        raise CorpusError(f"{root}: there is no folder {_REPORTS} with reports. {how_to_obtain(OpenI.about)}")
    return found[0]


def _labels(report: Report, source: LabelSource, unlisted: Unlisted, broader: Broader) -> Mapping[str, Presence]:
    names = labels_in(report.major)
    if source == "major":
        return from_listed("open_i", names, "unlabelled" if _NOT_INDEXED in names else unlisted, broader)
    found = {concept: Presence.PRESENT for term in report.automatic for concept in labelled_by(term)}
    return from_listed("open_i", names & {"normal"}, unlisted, broader, found)


def _taken(report: Report, known: Mapping[str, str], views: Views) -> Iterator[str]:
    sides: list[Side] = [_side(known.get(film, "")) for film in report.films]
    if "frontal" not in sides and "" in sides:
        sides[sides.index("")] = "frontal"
    yield from (report.films[i] for i in choose_films([report.uid] * len(sides), sides, views))


def _side(view: str) -> Side:
    return "frontal" if view.upper() in _FRONTAL else "lateral" if view.upper() in _LATERAL else ""


def _read_views(path: Path) -> dict[str, str]:
    table = read_table(path, ["imageid", *VIEW_COLUMNS])
    require_columns(table, {"film": "imageid"}, path.name)
    column = next((name for name in VIEW_COLUMNS if name in table.columns), None)
    if column is None:
        raise CorpusError(f"{path}: none of the columns {', '.join(VIEW_COLUMNS)} is there.")
    return dict(zip(table["imageid"].tolist(), table[column].tolist(), strict=True))


def _fake_report(uid: str, heading: str, films: Sequence[str]) -> str:
    images = "".join(
        f'<parentImage id="{film}"><figureId>F{i + 1}</figureId></parentImage>' for i, film in enumerate(films)
    )
    texts = '<AbstractText Label="FINDINGS">A film of XXXX.</AbstractText>'
    texts += '<AbstractText Label="IMPRESSION">As described.</AbstractText>'
    indexed = f"<Abstract>{texts}</Abstract><MeSH><major>{heading}</major></MeSH>"
    return f'<eCitation><uId id="{uid}"/>{indexed}{images}</eCitation>'


plugin = OpenI
