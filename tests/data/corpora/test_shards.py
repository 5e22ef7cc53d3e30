"""A corpus in shards is the corpus that it was made from."""

from __future__ import annotations

import pickle
import tarfile
from dataclasses import replace

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from radz.data.conversion import convert
from radz.data.corpora.manifest import Manifest
from radz.data.corpora.shards import Shards
from radz.data.shards import TABLE
from radz.errors import CorpusError, ImageError
from radz.leakage.membership import origin_of, pack_ids
from radz.provenance import data_sha256


def without_files(studies):
    return [replace(study, image=None, pixels=None) for study in studies]


def test_give_what_the_files_give(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"), per_shard=3)
    shards = Shards(tmp_path / "out")
    assert [*shards.records] == without_files(seven_studies.records)
    for name in ("findings", "splits", "policies"):
        assert getattr(shards, name) == getattr(seven_studies, name)
    assert data_sha256(shards.records) == data_sha256(seven_studies.records)
    for ours, theirs in zip(shards, seven_studies, strict=True):
        np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    assert [s.study_id for s in Shards(tmp_path / "out", "val")] == ["2.png", "6.png"]


@pytest.mark.parametrize("place", ["memory://radz-test/{}", "memory:/radz-test/{}"])
def test_remote_shards_are_the_same_corpus(seven_studies, tmp_path, place):
    url = place.format(tmp_path.name)
    convert(seven_studies, url)
    try:
        remote = pickle.loads(pickle.dumps(Shards(url, "train")))  # noqa: S301  our own bytes
        files = Manifest(seven_studies.records[0].image.parent, "train", unlisted="absent")
        for ours, theirs in zip(remote, files, strict=True):
            np.testing.assert_array_equal(ours.pixels, theirs.pixels)
            assert ours.labels == theirs.labels
    finally:
        fsspec.filesystem("memory").rm(f"/radz-test/{tmp_path.name}", recursive=True)


def test_name_the_corpus_that_their_images_are_from(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"), origin="chestxray14")
    shards = Shards(tmp_path / "out")
    assert origin_of(shards, "shards") == "chestxray14"
    assert pack_ids(shards.records, "x") == pack_ids(seven_studies.records, "x")


def test_one_flipped_bit_is_found(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"))
    shard = tmp_path / "out" / "films-00000.tar"
    content = bytearray(shard.read_bytes())
    content[tarfile.BLOCKSIZE + 1000] ^= 1  # among the values of the first image
    shard.write_bytes(content)
    with pytest.raises(ImageError, match=r"films-00000.tar: the bytes of the image are damaged. Convert the corpus"):
        Shards(tmp_path / "out")[0]
    np.testing.assert_array_equal(Shards(tmp_path / "out")[1].pixels, seven_studies[1].pixels)


def test_shards_of_radz_0_1_have_no_checksums_and_are_read(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"))
    table = pq.read_table(tmp_path / "out" / TABLE)
    pq.write_table(table.drop_columns(["crc32"]), tmp_path / "out" / TABLE)
    np.testing.assert_array_equal(Shards(tmp_path / "out")[2].pixels, seven_studies[2].pixels)


def test_what_is_no_shard_is_refused(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"))
    with pytest.raises(CorpusError, match=r"nowhere: holds no studies.parquet. Give the folder or URL"):
        Shards(tmp_path / "nowhere")
    with (tmp_path / "out" / "films-00000.tar").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(ImageError, match=r"films-00000.tar: ends before the image does"):
        Shards(tmp_path / "out")[6]
    (tmp_path / "out" / "films-00000.tar").unlink()
    with pytest.raises(ImageError, match=r"films-00000.tar: cannot be read"):
        Shards(tmp_path / "out")[0]
