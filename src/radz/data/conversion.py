"""A corpus written as shards. An interrupted conversion continues with the first unfinished shard.

A finished shard has the rows of its studies in a file next to it (``films-00000.rows.json``). These files go when the
table of all studies is written, last.
"""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from radz.data.shard_folder import ShardFolder
from radz.data.shards import (
    TABLE,
    VERSION,
    Place,
    encode,
    index_is_torn,
    open_place,
    read_index,
    shard_name,
    study_row,
    table_row,
    write_index,
)
from radz.errors import CorpusError, ImageError
from radz.provenance import data_sha256
from radz.storage import content_hash
from radz.types import Pixels, Study

IMAGES_PER_SHARD = 2048
Progress = Callable[[int, int], None]
"""Called with the number of studies done, and of all."""
_Encoded = tuple[Study, NDArray[Any] | str | None]
"""A study and the values (h, w) of its image, why it could not be read, or ``None`` if there is no image."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written. unreadable: study id -> why its image could not be read; such a study is not in the shards."""

    studies: int
    shards: int
    unreadable: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A finished shard. source: hash of the corpus and the settings. taken: studies that were gone through."""

    source: str
    taken: int
    images: int
    rows: list[dict[str, Any]]
    unreadable: dict[str, str]


def convert(
    corpus: Any,
    url: str,
    size: int | None = None,
    *,
    origin: str = "",
    workers: int = 2,
    per_shard: int = IMAGES_PER_SHARD,
    storage: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Converted:
    """Write ``corpus`` (all its splits) to the folder or URL ``url``; the table, written last, makes it a corpus.

    size: images become (size, size), resized as the default model's processor does it and clipped to [0, 1]; ``None``
    keeps their size. An interrupted conversion is continued; a finished one is left unchanged.
    Raises CorpusError if other shards are there, another process converts to ``url``, or it cannot be written.
    """
    about: dict[str, Any] = {"version": VERSION, "origin": origin or corpus.name, "size": size}
    about |= {"findings": list(corpus.findings), "policies": dict(corpus.policies)}
    source = content_hash([about, per_shard, data_sha256(corpus.records)])
    output = ShardFolder(*open_place(url, storage), url)
    with output.opened():
        if (finished := _finished(output, source)) is not None:
            return finished
        parts = _finished_parts(output, source)
        taken = sum(part.taken for part in parts)
        studies = _encoded_studies(corpus, taken, size, workers, progress)
        while taken < len(corpus):
            part = _write_shard(output, len(parts), studies, per_shard, source)
            parts.append(part)
            taken += part.taken
        return _write_table(output, parts, about | {"source": source})


def _finished(output: ShardFolder, source: str) -> Converted | None:
    """The result of the same conversion, where it is finished. Raises CorpusError if the shards are of another."""
    if not output.fs.exists(f"{output.path}/{TABLE}") or index_is_torn(output.fs, output.path):
        return None
    _, places, about = read_index(output.fs, output.path)
    if about.get("source") != source:
        raise CorpusError(
            f"{output.url}: holds shards already, of another corpus or other settings. Choose another place, or delete "
            "them."
        )
    shards = max((place.shard + 1 for place in places if place is not None), default=0)
    output.remove([_part_name(number) for number in range(shards + 1)])
    why = "its image could not be read when the corpus was converted"
    return Converted(len(places), shards, dict.fromkeys(about["left_out"], why))


def _finished_parts(output: ShardFolder, source: str) -> list[_Part]:
    """The shards that the same conversion has finished, in order."""
    parts: list[_Part] = []
    while True:
        try:
            part = _Part(**json.loads(output.fs.cat_file(f"{output.path}/{_part_name(len(parts))}")))
        except (FileNotFoundError, ValueError, TypeError):
            return parts
        if part.source != source:
            return parts
        parts.append(part)


def _write_shard(output: ShardFolder, number: int, studies: Iterator[_Encoded], per_shard: int, source: str) -> _Part:
    """Take studies until the shard is full or none is left."""
    taken = images = 0
    rows: list[dict[str, Any]] = []
    unreadable: dict[str, str] = {}
    with output.written(shard_name(number)) as file, _open_tar(file) as tar:
        for study, image in studies:
            taken += 1
            if isinstance(image, str):
                unreadable[study.study_id] = image
                continue
            key = f"{number * per_shard + images:08d}"
            place = None if image is None else _add_image(tar, number, key, study, image)
            rows.append(table_row(study, place))
            images += image is not None
            if images == per_shard:
                break
    part = _Part(source, taken, images, rows, unreadable)
    with output.written(_part_name(number)) as file:
        file.write(json.dumps(asdict(part)).encode())
    return part


def _open_tar(file: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)


def _add_image(tar: tarfile.TarFile, shard: int, key: str, study: Study, values: NDArray[Any]) -> Place:
    """Add the values (h, w) of a study's image, and what is known of the study, as members of the shard."""
    array = io.BytesIO()
    np.save(array, values, allow_pickle=False)
    start = _add_member(tar, f"{key}.npy", array.getvalue())
    described = {name: value for name, value in study_row(study).items() if value}
    _add_member(tar, f"{key}.json", json.dumps(described, ensure_ascii=False).encode())
    height, width = values.shape
    offset = start + len(array.getvalue()) - values.nbytes
    return Place(shard, offset, values.dtype.str, (height, width), zlib.crc32(values.tobytes()))


def _add_member(tar: tarfile.TarFile, name: str, content: bytes) -> int:
    """Add a member; returns where its first byte is."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    start = int(tar.offset) + tarfile.BLOCKSIZE  # a name this short has a header of one block
    tar.addfile(member, io.BytesIO(content))
    return start


def _write_table(output: ShardFolder, parts: Sequence[_Part], about: Mapping[str, Any]) -> Converted:
    """Write the table of all studies, which finishes the conversion."""
    rows = [row for part in parts for row in part.rows]
    unreadable = {study_id: why for part in parts for study_id, why in part.unreadable.items()}
    empty = [number for number, part in enumerate(parts) if not part.images]  # at most the last
    output.remove([shard_name(number) for number in empty])
    with output.written(TABLE) as file:
        write_index(file, rows, {**about, "unreadable": len(unreadable), "left_out": list(unreadable)})
    output.remove([_part_name(number) for number in range(len(parts))])
    return Converted(len(rows), len(parts) - len(empty), unreadable)


def _part_name(number: int) -> str:
    return f"{shard_name(number).removesuffix('.tar')}.rows.json"


def _encoded_studies(
    corpus: Any, start: int, size: int | None, workers: int, progress: Progress | None
) -> Iterator[_Encoded]:
    """The studies from ``start`` on with their encoded images, in order, read a few ahead."""
    with ThreadPoolExecutor(workers) as readers:
        ahead: list[Future[NDArray[Any] | str | None]] = []
        waiting = iter(range(start, len(corpus)))
        for i in range(start, len(corpus)):
            more = islice(waiting, 4 * workers - len(ahead))
            ahead += [readers.submit(_encoded_image, corpus, j, size) for j in more]
            yield corpus.records[i], ahead.pop(0).result()
            if progress is not None:
                progress(i + 1, len(corpus))


def _encoded_image(corpus: Any, index: int, size: int | None) -> NDArray[Any] | str | None:
    """The values (h, w) of a study's image, why it cannot be read, or ``None`` if it has none."""
    try:
        pixels = corpus[index].pixels
    except ImageError as error:
        return str(error)
    if pixels is None:
        return None
    return encode(pixels if size is None else resized(pixels, size))


def resized(pixels: Pixels, size: int) -> Pixels:
    """Pixels (1, h, w) -> (1, size, size), bicubic with antialiasing, clipped to [0, 1]."""
    import torch

    from radz.imaging.resize import resize

    plane = resize(torch.from_numpy(np.ascontiguousarray(pixels[0])), size, size)
    clipped: Pixels = plane.clamp(0, 1).numpy()[np.newaxis]
    return clipped
