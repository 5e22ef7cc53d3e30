"""A corpus in shards is the corpus that it was made from."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from dataclasses import replace

import fsspec
import numpy as np
import pytest

from radz import registry
from radz.data.corpora._corpus import write_film
from radz.data.shards import convert, decode, encode, resize, whole_url
from radz.errors import CorpusError, ImageError
from radz.leakage.membership import origin_of, pack
from radz.provenance import data_sha256

Shards, Manifest = (registry.load("corpora", name) for name in ("shards", "manifest"))
ERROR = 1 / 131070


@pytest.fixture
def films(tmp_path):
    """Seven films of seven patients over three splits, with reports, labels of all kinds and a study without film."""
    lines = ["image,report,labels,patient,split,source,view"]
    for i in range(7):
        write_film(tmp_path / "in" / f"{i}.png", seed=i)
        report = "" if i == 3 else f"Report {i}, „größer“."
        cell = ("Mass;?Nodule", "No Finding", "-Mass;Effusion", "")[i % 4]
        lines.append(f'{i}.png,"{report}",{cell},p{i},{("train", "train", "val", "test")[i % 4]},fake,PA')
    (tmp_path / "in" / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Manifest(tmp_path / "in" / "manifest.csv", unlisted="absent")


def without_files(studies):
    return [replace(study, image=None, pixels=None) for study in studies]


def test_shards_give_what_the_files_give(films, tmp_path):
    done = convert(films, str(tmp_path / "out"), per_shard=3)
    assert (done.studies, done.shards, done.unreadable) == (7, 3, {})
    shards = Shards(tmp_path / "out")
    assert [*shards.records] == without_files(films.records)
    assert (shards.findings, shards.splits, shards.policies) == (films.findings, films.splits, films.policies)
    assert data_sha256(shards.records) == data_sha256(films.records)
    for ours, theirs in zip(shards, films, strict=True):
        np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    assert [s.study_id for s in Shards(tmp_path / "out", "val")] == ["2.png", "6.png"]


@pytest.mark.parametrize("place", ["memory://radz-test/{}", "memory:/radz-test/{}"])
def test_remote_shards_are_the_same_corpus(films, tmp_path, place):
    url = place.format(tmp_path.name)
    convert(films, url)
    try:
        remote = pickle.loads(pickle.dumps(Shards(url, "train")))  # noqa: S301  our own bytes
        for ours, theirs in zip(remote, Manifest(films_root(films), "train", unlisted="absent"), strict=True):
            np.testing.assert_array_equal(ours.pixels, theirs.pixels)
            assert ours.labels == theirs.labels
    finally:
        fsspec.filesystem("memory").rm(f"/radz-test/{tmp_path.name}", recursive=True)


def films_root(films):
    return films.records[0].image.parent / "manifest.csv"


def test_values_come_back_exactly_or_to_the_promised_error():
    exact = (np.arange(256, dtype=np.float32) / np.float32(255)).reshape(1, 16, 16)
    assert encode(exact).dtype == np.uint8
    np.testing.assert_array_equal(decode(encode(exact)), exact)
    fine = np.random.default_rng(0).random((1, 50, 40), dtype=np.float32)
    assert encode(fine).dtype == np.uint16
    assert np.abs(decode(encode(fine)).astype(float) - fine).max() <= ERROR + 2**-24  # float32's own rounding
    assert {float(decode(encode(np.full((1, 2, 2), v, np.float32)))[0, 0, 0]) for v in (0, 1)} == {0.0, 1.0}


def test_films_at_the_models_size_are_the_resized_ones(films, tmp_path):
    convert(films, str(tmp_path / "out"), size=28)
    for ours, theirs in zip(Shards(tmp_path / "out"), films, strict=True):
        assert ours.pixels.shape == (1, 28, 28)
        assert np.abs(ours.pixels - resize(theirs.pixels, 28)).max() <= ERROR + 2**-24


def test_a_shard_is_a_tar_file_of_arrays_and_json(films, tmp_path):
    convert(films, str(tmp_path / "out"))
    with tarfile.open(tmp_path / "out" / "films-00000.tar") as tar:
        assert tar.getnames()[:4] == ["00000000.npy", "00000000.json", "00000001.npy", "00000001.json"]
        array = np.load(io.BytesIO(tar.extractfile("00000002.npy").read()), allow_pickle=False)
        said = json.loads(tar.extractfile("00000002.json").read())
    np.testing.assert_array_equal(decode(array), films[2].pixels)
    assert (said["split"], said["labels"]["effusion"], said["metadata"]["view"]) == ("val", "present", "PA")


def test_an_unreadable_film_is_listed_and_left_out(films, tmp_path):
    films.records[1].image.write_bytes(b"no image")
    done = convert(films, str(tmp_path / "out"))
    assert "not an image that radz reads" in done.unreadable["1.png"]
    assert len(Shards(tmp_path / "out")) == done.studies == 6


def test_shards_say_whose_films_they_are(films, tmp_path):
    convert(films, str(tmp_path / "out"), origin="chestxray14")
    shards = Shards(tmp_path / "out")
    assert origin_of(shards, "shards") == "chestxray14"
    assert pack(shards.records, "x") == pack(films.records, "x")


def test_what_is_no_shard_is_refused(films, tmp_path):
    convert(films, str(tmp_path / "out"))
    with pytest.raises(CorpusError, match="holds shards already"):
        convert(films, str(tmp_path / "out"))
    with pytest.raises(CorpusError, match=r"nowhere: holds no studies.parquet. Give the folder or URL"):
        Shards(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="this kind of place cannot be opened"):
        Shards("nonsense://x")
    with (tmp_path / "out" / "films-00000.tar").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(ImageError, match=r"films-00000.tar: ends before the film does"):
        Shards(tmp_path / "out")[6]
    (tmp_path / "out" / "studies.parquet").write_bytes(b"damaged")
    with pytest.raises(CorpusError, match=r"studies.parquet: is damaged"):
        Shards(tmp_path / "out")


def test_a_url_that_went_through_path_is_whole_again():
    assert whole_url("s3:/bucket/x") == whole_url("s3://bucket/x") == "s3://bucket/x"
    assert whole_url("simplecache::s3:/bucket") == "simplecache::s3://bucket"
    assert whole_url("C:/films") == "C:/films"
