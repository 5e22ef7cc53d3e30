"""The form of shards: a corpus with pixels at the model's size, in tar files that WebDataset reads.

    studies.parquet    one row a study: ids, split, labels, metadata, report, and where its pixels are
    films-00000.tar    00000000.npy  00000000.json  00000001.npy ...

Pixels are in tar and not in Parquet, because training reads images in random order: a member of a tar file is one range
of bytes, which a file system or an object store returns without its neighbours. Of a Parquet file a whole row group
has to be read and decoded.

Pixels are stored in the smaller of two types that keeps them: 8 bits where every value is a whole number over 255,
which gives them back exactly, else 16 bits, which gives them back to 1 / 131,070 (7.6e-6).
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.errors import CorpusError
from radz.types import Pixels, Presence, Study

TABLE = "studies.parquet"
VERSION = 1
KEY = b"radz"
NO_IMAGE = -1
"""Number of the shard of a study without an image."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image's values are: number of the shard, first byte, NumPy dtype and shape (h, w).

    crc32: checksum of the bytes; ``None`` in shards of radz 0.1.
    """

    shard: int
    offset: int
    dtype: str
    shape: tuple[int, int]
    crc32: int | None = None

    @property
    def length(self) -> int:
        """Bytes of the values."""
        return self.shape[0] * self.shape[1] * np.dtype(self.dtype).itemsize

    def fault_of(self, content: bytes) -> str | None:
        """Why ``content`` is not the image's bytes, ``None`` if it is."""
        if len(content) != self.length:
            return "ends before the image does"
        if self.crc32 is not None and zlib.crc32(content) != self.crc32:
            return "the bytes of the image are damaged"
        return None


def encode(pixels: Pixels) -> NDArray[Any]:
    """Pixels (1, h, w) in [0, 1] -> values (h, w) of 8 or 16 bits, row after row."""
    plane = np.ascontiguousarray(pixels[0])
    coarse: NDArray[Any] = np.rint(plane * 255).astype(np.uint8)
    if np.array_equal(_to_unit_range(coarse), plane):
        return coarse
    fine: NDArray[Any] = np.rint(plane.astype(np.float64) * 65535).astype("<u2")
    return fine


def decode(values: NDArray[Any]) -> Pixels:
    """Values (h, w) of 8 or 16 bits -> pixels (1, h, w) in [0, 1], float32."""
    return _to_unit_range(values)[np.newaxis]


def shard_name(number: int) -> str:
    """File name of a shard."""
    return f"films-{number:05d}.tar"


def open_place(url: str, storage: Mapping[str, Any] | None = None) -> tuple[Any, str]:
    """The file system of a folder or URL, as fsspec names them, and the path there."""
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(whole_url(url), **(storage or {}))
    except (ImportError, ValueError) as error:
        raise CorpusError(
            f"{url}: this kind of place cannot be opened: {error}. Give a folder, or a URL that fsspec opens."
        ) from None
    return fs, str(path).rstrip("/")


def whole_url(root: Any) -> str:
    """``root`` as text; a URL that went through ``Path``, which folds its slashes, gets them back."""
    return re.sub(r"(?<=[a-z0-9]{2}):/(?!/)", "://", str(root))


def read_index(fs: Any, path: str) -> tuple[list[Study], list[Place | None], dict[str, Any]]:
    """Studies without pixels, where each one's pixels are, and the description that the converter wrote.

    Raises CorpusError for a table that is missing, damaged or of a newer version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(fs.cat_file(f"{path}/{TABLE}")), page_checksum_verification=True)
        about = json.loads(table.schema.metadata[KEY])
        rows = table.to_pylist()
    except FileNotFoundError:
        raise CorpusError(f"{path}: holds no {TABLE}. Give the folder or URL that `radz data convert` wrote.") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise CorpusError(f"{path}/{TABLE}: is damaged ({error}). Convert the corpus again.") from None
    if about.get("version") != VERSION:
        raise CorpusError(
            f"{path}: shards of version {about.get('version')}, this radz reads {VERSION}. "
            "Convert the corpus again, or install a newer radz."
        )
    return [_study(row) for row in rows], [_place(row) for row in rows], about


def index_is_torn(fs: Any, path: str) -> bool:
    """Whether the table is cut off: radz 0.1 wrote it in place, and could be stopped while it did."""
    content = fs.cat_file(f"{path}/{TABLE}")
    return not (content.startswith(b"PAR1") and content.endswith(b"PAR1"))


def write_index(file: Any, rows: list[dict[str, Any]], about: Mapping[str, Any]) -> None:
    """Write rows of ``table_row``, and the description of the shards, to an open file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(rows, schema=_schema())
    table = table.replace_schema_metadata({KEY: json.dumps(dict(about))})
    pq.write_table(table, file, compression="zstd", write_page_checksum=True)


def study_row(study: Study) -> dict[str, Any]:
    """What the shards keep of a study besides its pixels."""
    return {
        "study_id": study.study_id,
        "patient_id": study.patient_id,
        "split": study.split,
        "report": study.report,
        "labels": {concept: presence.value for concept, presence in study.labels.items()},
        "metadata": dict(study.metadata),
    }


def table_row(study: Study, place: Place | None) -> dict[str, Any]:
    """One row of the table."""
    return study_row(study) | asdict(place or Place(NO_IMAGE, 0, "", (0, 0)))


def _to_unit_range(values: NDArray[Any]) -> NDArray[np.float32]:
    """Values (h, w) of 8 or 16 bits -> (h, w) in [0, 1]."""
    greatest = np.float32(255 if values.dtype == np.uint8 else 65535)
    scaled: NDArray[np.float32] = np.divide(values, greatest, dtype=np.float32)
    return scaled


def _schema() -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    pairs = pa.map_(text, text)
    columns = {"study_id": text, "patient_id": text, "split": text, "report": text, "labels": pairs, "metadata": pairs}
    place = {"shard": number, "offset": number, "dtype": text, "shape": pa.list_(number, 2), "crc32": number}
    return pa.schema(columns | place)


def _study(row: Mapping[str, Any]) -> Study:
    return Study(
        study_id=row["study_id"],
        patient_id=row["patient_id"],
        split=row["split"],
        report=row["report"],
        labels={concept: Presence(presence) for concept, presence in row["labels"]},
        metadata=dict(row["metadata"]),
    )


def _place(row: Mapping[str, Any]) -> Place | None:
    if row["shard"] == NO_IMAGE:
        return None
    height, width = row["shape"]
    return Place(row["shard"], row["offset"], row["dtype"], (height, width), row.get("crc32"))
