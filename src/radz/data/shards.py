"""A corpus in shards: pixels at the model's size, ready to be mapped into memory, in tar files that WebDataset reads.

    studies.parquet    one row a study: ids, split, labels, metadata, report, and where its pixels lie
    films-00000.tar    00000000.npy  00000000.json  00000001.npy ...

Tar and not Parquet for the pixels, because training reads films in an order of its own: a member of a tar file is one
range of bytes, which a file system or an object store gives without what lies around it; of a Parquet file a whole
row group has to be read and decoded.

Pixels are stored without loss in the coarsest of two forms: 8 bits where every value is a whole number over 255, which
gives them back exactly, else 16 bits, which gives them back to 1 / 131,070 (7.6e-6).
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.data.decode import decode_study
from radz.errors import CorpusError, ImageError
from radz.imaging.subprocess_decoder import SubprocessDecoder
from radz.types import Pixels, Presence, Study

TABLE = "studies.parquet"
VERSION = 1
KEY = b"radz"
FILMS_PER_SHARD = 2048
NO_FILM = -1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a film's values lie: number of the shard, first byte, form and shape (H, W)."""

    shard: int
    offset: int
    dtype: str
    shape: tuple[int, int]

    @property
    def length(self) -> int:
        """Bytes of the values."""
        return self.shape[0] * self.shape[1] * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written. unreadable: study id -> why its image could not be read; such a study is not in the shards."""

    studies: int
    shards: int
    unreadable: Mapping[str, str]


def encode(pixels: Pixels) -> NDArray[Any]:
    """Pixels (1, H, W) in [0, 1] -> values (H, W) of 8 or 16 bits."""
    plane = pixels[0]
    coarse: NDArray[Any] = np.rint(plane * 255).astype(np.uint8)
    if np.array_equal(_over(coarse), plane):
        return coarse
    fine: NDArray[Any] = np.rint(plane.astype(np.float64) * 65535).astype("<u2")
    return fine


def decode(values: NDArray[Any]) -> Pixels:
    """Values (H, W) of 8 or 16 bits -> pixels (1, H, W) in [0, 1], float32."""
    return _over(values)[np.newaxis]


def shard_name(number: int) -> str:
    """File name of a shard."""
    return f"films-{number:05d}.tar"


def open_place(url: str, storage: Mapping[str, Any] | None = None) -> tuple[Any, str]:
    """The file system of a folder or URL, as fsspec names them, and the path there."""
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(whole_url(url), **(storage or {}))
    except (ImportError, ValueError) as error:
        raise CorpusError(f"{url}: this kind of place cannot be opened: {error}") from None
    return fs, str(path).rstrip("/")


def whole_url(root: Any) -> str:
    """``root`` as text; a URL that went through ``Path``, which folds its slashes, gets them back."""
    return re.sub(r"(?<=[a-z0-9]{2}):/(?!/)", "://", str(root))


def convert(
    corpus: Any,
    url: str,
    size: int | None = None,
    *,
    origin: str = "",
    workers: int = 2,
    per_shard: int = FILMS_PER_SHARD,
    storage: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Converted:
    """Write ``corpus`` (all its splits) to the folder or URL ``url``; the table, written last, makes it a corpus.

    size: films become (size, size), resized as the default model's processor does it and clipped to [0, 1]; ``None``
    keeps their size. Raises CorpusError where shards are there already.
    """
    fs, path = open_place(url, storage)
    if fs.exists(f"{path}/{TABLE}"):
        raise CorpusError(f"{url}: holds shards already. Choose another place, or delete them.")
    fs.makedirs(path, exist_ok=True)
    writer, unreadable = _Writer(fs, path, per_shard), dict[str, str]()
    for done, (study, film) in enumerate(_films(corpus, size, workers), start=1):
        if isinstance(film, str):
            unreadable[study.study_id] = film
        else:
            writer.add(study, film)
        if progress is not None:
            progress(done, len(corpus))
    about: dict[str, Any] = {
        "version": VERSION,
        "origin": origin or corpus.name,
        "size": size,
        "findings": list(corpus.findings),
    }
    about |= {"policies": dict(corpus.policies), "unreadable": len(unreadable)}
    shards = writer.finish(about)
    return Converted(len(writer.rows), shards, unreadable)


def read_index(fs: Any, path: str) -> tuple[list[Study], list[Place | None], dict[str, Any]]:
    """Studies without pixels, where each one's pixels lie, and what the shards say of themselves.

    Raises CorpusError for a table that is missing, damaged or of a newer version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(fs.cat_file(f"{path}/{TABLE}")))
        about = json.loads(table.schema.metadata[KEY])
        rows = table.to_pylist()
    except FileNotFoundError:
        raise CorpusError(f"{path}: holds no {TABLE}. Give the folder or URL that `radz data convert` wrote.") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise CorpusError(f"{path}/{TABLE}: is damaged ({error}). Convert the corpus again.") from None
    if about.get("version") != VERSION:
        raise CorpusError(f"{path}: shards of version {about.get('version')}, this radz reads {VERSION}.")
    return [_study(row) for row in rows], [_place(row) for row in rows], about


class _Writer:
    """Shards and the rows of their table, in the order of the studies."""

    def __init__(self, fs: Any, path: str, per_shard: int) -> None:
        self.fs, self.path, self.per_shard = fs, path, per_shard
        self.rows: list[dict[str, Any]] = []
        self.films = 0
        self.file: Any = None
        self.tar: tarfile.TarFile | None = None

    def add(self, study: Study, values: NDArray[Any] | None) -> None:
        place = None if values is None else self._write(study, values)
        self.rows.append(_row(study) | _place_row(place))

    def finish(self, about: Mapping[str, Any]) -> int:
        """Close the last shard and write the table; returns the number of shards."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._close()
        table = pa.Table.from_pylist(self.rows, schema=_schema())
        table = table.replace_schema_metadata({KEY: json.dumps(dict(about))})
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        self.fs.pipe_file(f"{self.path}/{TABLE}", buffer.getvalue())
        return -(-self.films // self.per_shard)

    def _write(self, study: Study, values: NDArray[Any]) -> Place:
        shard, within = divmod(self.films, self.per_shard)
        if not within:
            self._close()
            self.file = self.fs.open(f"{self.path}/{shard_name(shard)}", "wb")
            self.tar = tarfile.open(fileobj=self.file, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        key, array = f"{self.films:08d}", io.BytesIO()
        np.save(array, values, allow_pickle=False)
        start = self._member(f"{key}.npy", array.getvalue())
        said = {name: value for name, value in _row(study).items() if value}
        self._member(f"{key}.json", json.dumps(said, ensure_ascii=False).encode())
        self.films += 1
        return Place(shard, start + len(array.getvalue()) - values.nbytes, values.dtype.str, values.shape)

    def _member(self, name: str, content: bytes) -> int:
        """Add a member; returns where its first byte lies."""
        assert self.tar is not None
        member = tarfile.TarInfo(name)
        member.size = len(content)
        start = int(self.tar.offset) + tarfile.BLOCKSIZE  # a name this short has a header of one block
        self.tar.addfile(member, io.BytesIO(content))
        return start

    def _close(self) -> None:
        if self.tar is not None:
            self.tar.close()
            self.file.close()
        self.tar = self.file = None


def _films(corpus: Any, size: int | None, workers: int) -> Iterator[tuple[Study, NDArray[Any] | str | None]]:
    """Each study with its encoded film, why there is none, or ``None`` where it has no image; in order, read ahead."""
    with SubprocessDecoder() as decoder, ThreadPoolExecutor(workers) as readers:
        ahead: list[Future[NDArray[Any] | str | None]] = []
        waiting = iter(range(len(corpus)))
        for i in range(len(corpus)):
            ahead += [
                readers.submit(_film, decoder, corpus, j, size) for j in islice(waiting, 4 * workers - len(ahead))
            ]
            yield corpus.records[i], ahead.pop(0).result()


def _film(decoder: SubprocessDecoder, corpus: Any, index: int, size: int | None) -> NDArray[Any] | str | None:
    try:
        return decode_study(decoder, corpus, index, partial(_encoded, size=size))
    except ImageError as error:
        return str(error)


def _encoded(pixels: Pixels, size: int | None) -> NDArray[Any]:
    return encode(pixels if size is None else resize(pixels, size))


def resize(pixels: Pixels, size: int) -> Pixels:
    """A film (1, H, W) -> (1, size, size), bicubic with antialiasing, clipped to [0, 1]."""
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional as F

    film = torch.from_numpy(np.ascontiguousarray(pixels))
    small = F.resize(film, [size, size], interpolation=InterpolationMode.BICUBIC, antialias=True)
    made: Pixels = small.clamp(0, 1).numpy()
    return made


def _over(values: NDArray[Any]) -> NDArray[np.float32]:
    over = np.float32(255 if values.dtype == np.uint8 else 65535)
    made: NDArray[np.float32] = np.divide(values, over, dtype=np.float32)
    return made


def _row(study: Study) -> dict[str, Any]:
    return {
        "study_id": study.study_id,
        "patient_id": study.patient_id,
        "split": study.split,
        "report": study.report,
        "labels": {concept: presence.value for concept, presence in study.labels.items()},
        "metadata": dict(study.metadata),
    }


def _place_row(place: Place | None) -> dict[str, Any]:
    return asdict(place or Place(NO_FILM, 0, "", (0, 0)))


def _schema() -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    pairs = pa.map_(text, text)
    columns = {"study_id": text, "patient_id": text, "split": text, "report": text, "labels": pairs, "metadata": pairs}
    return pa.schema(columns | {"shard": number, "offset": number, "dtype": text, "shape": pa.list_(number, 2)})


def _study(row: Mapping[str, Any]) -> Study:
    return Study(
        study_id=row["study_id"],
        patient_id=row["patient_id"],
        split=row["split"],
        report=row["report"],
        labels={concept: Presence(presence) for concept, presence in _pairs(row["labels"])},
        metadata=dict(_pairs(row["metadata"])),
    )


def _pairs(cell: Iterable[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    return [*cell]


def _place(row: Mapping[str, Any]) -> Place | None:
    if row["shard"] == NO_FILM:
        return None
    height, width = row["shape"]
    return Place(row["shard"], row["offset"], row["dtype"], (height, width))
