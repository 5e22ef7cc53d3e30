"""NIH DeepLesion (32,735 lesions on 32,120 key slices of CT, 4,427 patients) in its official layout.

    DL_info.csv   Images_png/<patient>_<study>_<series>/<slice>.png

Slices are 16-bit PNG: Hounsfield units plus 32768. A slice is read in the window of its row, as the radiologist saw it.
Every key slice has a marked lesion and may have others that nobody marked. Types are known in val and test only.
Terms: NIH Clinical Center, no restriction on use; name the source. Yan et al., Journal of Medical Imaging 5(3), 2018.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from radz.data.corpora._boxes import Box, by_study, numbers
from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._dicom_files import years
from radz.data.corpora._fakes import fake_chest, write_lines
from radz.data.corpora._images import Missing, find_table, present_images
from radz.data.corpora._labels import Unlisted
from radz.data.ontology import concepts_of, labels_of, to_concepts
from radz.data.splits import SPLITS, rows_text
from radz.data.tables import ROW, read_table, require_columns
from radz.errors import CorpusError
from radz.imaging.read import read_image
from radz.types import Pixels, Presence, Study

TABLE, IMAGES = "DL_info.csv", "Images_png"
TYPES = ("bone", "abdomen", "mediastinum", "liver", "lung", "kidney", "soft tissue", "pelvis")
"""Coarse_lesion_type 1 to 8; -1 is unknown."""
OFFSET = 32768
"""Stored value of 0 Hounsfield units."""
_COLUMNS = {
    **{"slice": "File_name", "patient": "Patient_index", "type": "Coarse_lesion_type", "boxes": "Bounding_boxes"},
    **{"window": "DICOM_windows", "split": "Train_Val_Test", "noise": "Possibly_noisy"},
}
_DESCRIBED = {"sex": "Patient_gender", "age": "Patient_age"}
_SPLITS = dict(zip("123", SPLITS, strict=True))
_TYPES = {"-1": "", **{str(number): name for number, name in enumerate(TYPES, start=1)}}
_FILE_NAME = r"\d+_\d+_\d+_\d+\.png"
_Lesion = Mapping[Any, str]
"""A row of the table: column -> cell."""


class DeepLesion(Corpus):
    """A lesion on CT and its eight coarse types; study ids are the official names of key slices."""

    name: ClassVar[str] = "deeplesion"
    about: ClassVar[About] = About(
        title="NIH DeepLesion: 32,120 key slices of CT of 4,427 patients, with 32,735 boxed lesions of eight types",
        obtain="https://nihcc.app.box.com/v/DeepLesion (DL_info.csv, Images_png_*.zip unpacked to Images_png)",
        terms="NIH Clinical Center: no restriction on use; name the source, cite Yan et al., JMI 5(3), 2018",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        unlisted: Unlisted = "unlabelled",
        noisy: bool = False,
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root``.

        unlisted: presence of a type that no marked lesion of a slice has, where all their types are known:
        ``unlabelled``, because not every lesion is marked, or ``absent``, to ask which type the marked lesion has.
        noisy: whether to keep the lesions that the corpus calls possibly noisy. missing: slices that are listed and
        missing, ``error | skip | later``.

        Raises CorpusError for a missing table, column or slice and for a cell that cannot be read.
        """
        self.root = Path(root)
        self.policies = {"unlisted": unlisted, "noisy": str(noisy), "missing": missing}
        path = find_table(self.root, (TABLE,), self.about)
        assert path is not None
        self._lesions = _read_lesions(path, noisy)
        studies = [_study(name, lesions, path.parent, unlisted) for name, lesions in self._lesions.items()]
        present = present_images(studies, missing, self.root, self.about)
        super().__init__(present, concepts_of("deeplesion"), split)

    def read_pixels(self, study: Study) -> Pixels:
        """Pixels (1, h, w) of the slice in the window of its row."""
        assert study.image is not None
        low, high = _window(study.metadata["window"])
        return read_image(study.image, inverted=False, window=(low + OFFSET, high + OFFSET)).pixels

    @cached_property
    def boxes(self) -> Mapping[str, tuple[Box, ...]]:
        """Study id -> boxes of the marked lesions of the records of this split, in pixels of the slice."""
        names = [study.study_id for study in self.records]
        return by_study((name, _box(lesion)) for name in names for lesion in self._lesions[name])

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three slices of three patients, in soft tissue, lung and bone windows; the last has two lesions."""
        windows, types = ["-175, 275", "-1500, 500", "-500, 1300"], [["-1"], ["5"], ["4", "6"]]
        rows = [",".join([*_COLUMNS.values(), *_DESCRIBED.values()])]
        for i, (window, kinds) in enumerate(zip(windows, types, strict=True)):
            low, high = _window(window)
            units = low + (high - low) * fake_chest(i).astype(np.float64) / 255
            path = tmp_path / IMAGES / f"{i + 1:06d}_01_01" / "109.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((units + OFFSET).astype(np.uint16)).save(path)
            box = '"20.5, 30.0, 40.5, 44.0"'
            cells = [f'{path.parent.name}_109.png,{i + 1},{kind},{box},"{window}",{i + 1},0,F,62' for kind in kinds]
            rows += cells
        write_lines(tmp_path / TABLE, rows)
        return tmp_path


def _read_lesions(path: Path, noisy: bool) -> dict[str, list[_Lesion]]:
    """Name of a key slice -> its lesions. Raises CorpusError for a missing column and a strange name, type or split."""
    table = read_table(path)
    require_columns(table, _COLUMNS, path.name)
    wrong = {
        "File_name": ~table["File_name"].str.fullmatch(_FILE_NAME),
        "Coarse_lesion_type": ~table["Coarse_lesion_type"].isin(list(_TYPES)),
        "Train_Val_Test": ~table["Train_Val_Test"].isin(list(_SPLITS)),
    }
    for column, strange in wrong.items():
        if strange.any():
            raise CorpusError(
                f"{path.name}: column '{column}' cannot be read in {rows_text(table[ROW][strange].tolist())}."
            )
    lesions: dict[str, list[_Lesion]] = {}
    for cells in table[table["Possibly_noisy"] != "1" if not noisy else slice(None)].to_dict("records"):
        lesions.setdefault(cells["File_name"], []).append(cells)
    return lesions


def _study(name: str, lesions: Sequence[_Lesion], folder: Path, unlisted: Unlisted) -> Study:
    """A key slice with the labels of its lesions."""
    first = lesions[0]
    series, file = name.rsplit("_", 1)
    metadata = {"modality": "CT", "window": first["DICOM_windows"]}
    metadata |= {key: years(cell) for key, column in _DESCRIBED.items() if (cell := first.get(column, ""))}
    labels = _labels([_TYPES[lesion["Coarse_lesion_type"]] for lesion in lesions], unlisted)
    image, split = folder / IMAGES / series / file, _SPLITS[first["Train_Val_Test"]]
    return Study(name, first["Patient_index"], image, None, labels, metadata, split)


def _labels(types: Sequence[str], unlisted: Unlisted) -> dict[str, Presence]:
    """Concepts of the types of a slice's lesions; where one is unknown (""), no type is absent."""
    named = {kind: Presence.ABSENT for kind in TYPES} if unlisted == "absent" and all(types) else {}
    named |= dict.fromkeys(filter(None, types), Presence.PRESENT)
    return to_concepts("deeplesion", {"lesion": Presence.PRESENT, **named})


def _box(lesion: _Lesion) -> Box:
    left, top, right, bottom = numbers(lesion["Bounding_boxes"].split(","))
    concept = labels_of("deeplesion")[_TYPES[lesion["Coarse_lesion_type"]] or "lesion"].concept
    return Box(concept, left, top, right - left, bottom - top)


def _window(text: str) -> tuple[float, float]:
    """``-175, 275`` -> Hounsfield units of black and white. Raises CorpusError."""
    parts = re.fullmatch(r"\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*", text)
    if not parts:
        raise CorpusError(f"DICOM_windows is '{text}', allowed are two numbers with a comma, such as -175, 275.")
    return float(parts[1]), float(parts[2])


plugin = DeepLesion
