"""What every corpus is: an immutable sequence of studies of one split, opened without reading an image."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radz.data.faults import notable
from radz.data.options import require_options
from radz.data.splits import SPLITS, check_patients, rows_text
from radz.data.studies import Studies
from radz.errors import CorpusError, MissingExtraError, UnknownNameError
from radz.imaging.read import read_image
from radz.types import Pixels, Study


@dataclass(frozen=True, slots=True)
class About:
    """What `radz data list` says of a corpus: what it holds, where it comes from, under which terms; a line each."""

    title: str
    obtain: str
    terms: str


class Corpus(Studies):
    """Studies of one split of a corpus, or of all; an index reads its image.

    findings: concept ids that the corpus labels, in a fixed order, the same for every split.
    splits: the splits that it has. records: the studies of the split asked for, pixels not read.
    policies: by name, the choices that decided which films and which labels these are; provenance keeps them.

    Images are taken as the corpus publishes them, whatever they look like, except that the films whose study ids are
    in ``inverted`` are turned round: training must not end at a film that only looks odd.
    """

    name: ClassVar[str]
    about: ClassVar[About]

    def __new__(cls, *_arguments: Any, **named: Any) -> Self:
        """Check the options before ``__init__`` sees them: a wrong one is a typed error, never a TypeError."""
        require_options(cls, cls.name, {key: value for key, value in named.items() if key not in ("root", "split")})
        return super().__new__(cls)

    def __init__(
        self,
        studies: Sequence[Study],
        findings: Sequence[str],
        split: str | None,
        *,
        inverted: Collection[str] = (),
        rows: Sequence[int] | None = None,
    ) -> None:
        """Check ``studies`` (all splits) and keep those of ``split``; ``rows`` are their rows in the table.

        Raises LeakageError for a patient in two splits, CorpusError for a study id given twice, UnknownNameError for
        a split that is not there.
        """
        numbers = rows if rows is not None else range(1, len(studies) + 1)
        with notable():
            _require_unique([study.study_id for study in studies], numbers, self.name)
        with notable():
            check_patients(studies, self.name, numbers)
        present = {study.split for study in studies}
        self.findings, self.inverted = tuple(findings), frozenset(inverted)
        self.splits = tuple(name for name in SPLITS if name in present)
        if split is not None and split not in self.splits:
            raise UnknownNameError(f"split of {self.name}", split, self.splits)
        self.records = tuple(study for study in studies if split is None or study.split == split)

    @property
    def reads_files_unchanged(self) -> bool:
        """Whether pixels are what ``read_image`` gives, inverted where the corpus says so."""
        return (type(self).read, type(self).read_pixels) == (Corpus.read, Corpus.read_pixels)

    @classmethod
    @abstractmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Write three tiny studies, one a split, in the official layout; returns the root to open."""

    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        study = self.records[index]
        if study.image is None:
            return study
        return study.with_pixels(self.read_pixels(study))

    def read_pixels(self, study: Study) -> Pixels:
        """Pixels of a study's image, (1, H, W); a corpus whose files need more than their path overrides it."""
        assert study.image is not None
        return read_image(study.image, inverted=study.study_id in self.inverted).pixels


def fake_film(seed: int) -> NDArray[np.uint8]:
    """A film-like picture (64, 64), 8 bits: dark lungs beside a bright mediastinum, bright abdomen, a little noise.

    Sizes and soft shadows go by ``seed``, so that two films do not look like the same picture.
    """
    rng = np.random.default_rng(seed)
    middle, width, height, heart, bottom = rng.uniform((0.46, 0.10, 0.24, 0.05, 0.68), (0.54, 0.16, 0.34, 0.12, 0.82))
    y, x = np.mgrid[0:64, 0:64] / 63.0
    side = np.abs(x - middle)
    film = np.where(y > bottom, 200.0, 130.0)
    film[((side - 0.22) / width) ** 2 + ((y - 0.42) / height) ** 2 < 1] = 60.0
    film[side < heart] = 190.0
    film[(side > 0.3) & (y < 0.15)] = 20.0
    shadows = Image.fromarray(rng.uniform(-30, 30, (6, 6)).astype(np.float32))
    film += np.asarray(shadows.resize((64, 64), Image.Resampling.BICUBIC)) + rng.uniform(0, 20, film.shape)
    return np.clip(film, 0, 255).astype(np.uint8)


def write_film(path: Path, seed: int) -> None:
    """``fake_film`` as a file of the kind that the suffix names (``.dcm`` is DICOM), folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".dcm":
        write_dicom(path, seed)
    else:
        Image.fromarray(fake_film(seed)).save(path)


def write_dicom(path: Path, seed: int, **tags: str) -> None:
    """``fake_film`` as a DICOM file with these tags, folders made. Raises MissingExtraError without pydicom."""
    try:
        from pydicom import Dataset
        from pydicom.dataset import FileMetaDataset
        from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid
    except ModuleNotFoundError:
        raise MissingExtraError("Writing DICOM files", "pydicom", "dicom") from None
    film, image = fake_film(seed), Dataset()
    image.SOPClassUID, image.SOPInstanceUID = ComputedRadiographyImageStorage, generate_uid(entropy_srcs=[path.name])
    image.Rows, image.Columns = film.shape
    image.SamplesPerPixel, image.PixelRepresentation, image.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    image.Modality, image.BodyPartExamined = "CR", "CHEST"
    for keyword, value in tags.items():
        setattr(image, keyword, value)
    image.PixelData = film.tobytes()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)


def _require_unique(ids: Sequence[str], rows: Sequence[int], where: str) -> None:
    counts = Counter(ids)
    if len(counts) < len(ids):
        twice = [row for row, study_id in zip(rows, ids, strict=True) if counts[study_id] > 1]
        raise CorpusError(f"{where}: {len(twice)} studies share their study id with another ({rows_text(twice)}).")
