"""Open-I, the chest radiographs of Indiana University (7,470 images of 3,955 reports) in its official layout.

    ecgen-radiology/*.xml   NLMCXR_png/CXR1_1_IM-0001-3001.png ...  or  1/1_IM-0001-3001.dcm ...

Each report is of another patient, so patients are reports. Headings were given by people (``major``) or found by a
program (``automatic``); a finding without a heading is absent. Neither archive says which image is frontal. Licence: CC
BY-NC-ND 4.0. Demner-Fushman et al., JAMIA 23, 2016.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import write_radiograph
from radz.data.corpora._images import (
    Missing,
    Side,
    Views,
    choose_images,
    how_to_obtain,
    present_images,
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
    """Headings as concepts; study ids are the ids of the images, ``CXR1_1_IM-0001-3001``."""

    name: ClassVar[str] = "open_i"
    about: ClassVar[About] = About(
        title="Open-I: 7,470 chest radiographs of 3,955 English reports of Indiana University, indexed by people",
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
        """Open the folder ``root`` that holds ``ecgen-radiology`` and the images.

        labels: headings that people gave (``major``), or terms that a program found (``automatic``). unlisted: presence
        of a label that a report does not have, ``absent | unlabelled``; a report that nobody indexed is unlabelled.
        broader: presence of a concept that is not listed where a kind of it is, ``present | unlabelled | absent``.
        val_fraction, test_fraction: shares of the reports, drawn by a hash. views: ``one`` frontal image per report,
        ``frontal``, ``lateral`` or ``all``. view_table: a CSV with the columns imageid and one of ``VIEW_COLUMNS``. In
        a report without an image known to be frontal, the first image of unknown view counts as frontal. images:
        ``png`` or ``dicom``, by default the kind that exists. missing: images that are missing,
        ``error | skip | later``.

        Raises CorpusError for missing reports, images or columns, or a heading that is not known.
        """
        self.root = Path(root)
        self.policies = {"labels": labels, "unlisted": unlisted, "broader": broader, "views": views, "missing": missing}
        self.policies |= {"split": f"by hash: {test_fraction} test, {val_fraction} val"}
        reports = read_reports(_report_folder(self.root))
        known = {} if view_table is None else _read_views(Path(view_table))
        place = _Images(self.root, images)
        studies: list[Study] = []
        for report in reports:
            presence = _labels(report, labels, unlisted, broader)
            part = split_by_hash(report.uid, _SALT, val_fraction, test_fraction)
            for image in _taken(report, known, views):
                metadata = {"study": report.uid} | ({"view": known[image]} if known.get(image) else {})
                studies.append(Study(image, report.uid, place.of(image), report.text or None, presence, metadata, part))
        super().__init__(present_images(studies, missing, self.root, self.about), concepts_of(self.name), split)

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three reports that fall into train, val and test, as PNG; the first has two images."""
        headings = ("Cardiomegaly/mild", "normal", "Diaphragm/right/elevated")
        for seed, (split, heading) in enumerate(zip(("train", "val", "test"), headings, strict=True)):
            number = next(n for n in range(1, 10_000) if split_by_hash(f"CXR{n}", _SALT, 0.1, 0.2) == split)
            images = [f"CXR{number}_IM-0001-{image}001" for image in ((1, 2) if seed == 0 else (1,))]
            path = tmp_path / _REPORTS / f"{number}.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_fake_report(f"CXR{number}", heading, images), encoding="utf-8")
            for image in images:
                write_radiograph(tmp_path / "NLMCXR_png" / f"{image}.png", seed)
        return tmp_path


class _Images:
    """Paths of images, from one walk through the folder."""

    def __init__(self, root: Path, images: ImageKind | None) -> None:
        self.root = root
        self.png = {path.stem: path for path in root.rglob("*.png")} if images != "dicom" else {}
        self.dicom = {path.stem: path for path in root.rglob("*.dcm")} if images != "png" and not self.png else {}

    def of(self, image: str) -> Path:
        """``CXR1_1_IM-0001-3001`` -> its file; where there is none, the path that it has in the PNG archive."""
        name = re.sub(r"^CXR(\d+)_(?:\1_)?", r"\1_", image)  # the archive of DICOM names it so
        return self.png.get(image) or self.dicom.get(name) or self.root / "NLMCXR_png" / f"{image}.png"


def _report_folder(root: Path) -> Path:
    folders = sorted(path for pattern in (_REPORTS, f"*/{_REPORTS}") for path in root.glob(pattern) if path.is_dir())
    if not folders or not any(folders[0].glob("*.xml")):
        raise CorpusError(f"{root}: there is no folder {_REPORTS} with reports. {how_to_obtain(OpenI.about)}")
    return folders[0]


def _labels(report: Report, source: LabelSource, unlisted: Unlisted, broader: Broader) -> Mapping[str, Presence]:
    names = labels_in(report.major)
    if source == "major":
        return from_listed("open_i", names, "unlabelled" if _NOT_INDEXED in names else unlisted, broader)
    automatic = {concept: Presence.PRESENT for term in report.automatic for concept in labelled_by(term)}
    return from_listed("open_i", names & {"normal"}, unlisted, broader, automatic)


def _taken(report: Report, known: Mapping[str, str], views: Views) -> Iterator[str]:
    sides: list[Side] = [_side(known.get(image, "")) for image in report.images]
    if "frontal" not in sides and "" in sides:
        sides[sides.index("")] = "frontal"
    yield from (report.images[i] for i in choose_images([report.uid] * len(sides), sides, views))


def _side(view: str) -> Side:
    return "frontal" if view.upper() in _FRONTAL else "lateral" if view.upper() in _LATERAL else ""


def _read_views(path: Path) -> dict[str, str]:
    table = read_table(path, ["imageid", *VIEW_COLUMNS])
    require_columns(table, {"image": "imageid"}, path.name)
    column = next((name for name in VIEW_COLUMNS if name in table.columns), None)
    if column is None:
        raise CorpusError(
            f"{path}: holds none of the columns {', '.join(VIEW_COLUMNS)}. Add one, or give another table."
        )
    return dict(zip(table["imageid"].tolist(), table[column].tolist(), strict=True))


def _fake_report(uid: str, heading: str, images: Sequence[str]) -> str:
    images = "".join(
        f'<parentImage id="{image}"><figureId>F{i + 1}</figureId></parentImage>' for i, image in enumerate(images)
    )
    texts = '<AbstractText Label="FINDINGS">An image of XXXX.</AbstractText>'
    texts += '<AbstractText Label="IMPRESSION">As described.</AbstractText>'
    indexed = f"<Abstract>{texts}</Abstract><MeSH><major>{heading}</major></MeSH>"
    return f'<eCitation><uId id="{uid}"/>{indexed}{images}</eCitation>'


plugin = OpenI
