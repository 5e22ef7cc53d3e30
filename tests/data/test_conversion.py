"""A corpus is written as shards once, whole, however often the converter is stopped."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace

import fsspec
import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from kills import run_killed
from radz.data import conversion
from radz.data.conversion import convert, resized
from radz.data.corpora.manifest import Manifest
from radz.data.corpora.shards import Shards
from radz.data.shards import TABLE, decode
from radz.errors import CorpusError

ERROR = 1 / 131070 + 2**-24


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


@pytest.fixture
def whole(seven_studies, tmp_path):
    """Files of a conversion that was never stopped."""
    convert(seven_studies, str(tmp_path / "whole"), per_shard=3)
    return contents(tmp_path / "whole")


def test_counts_what_was_written(seven_studies, tmp_path):
    done = []
    converted = convert(seven_studies, str(tmp_path / "out"), per_shard=3, progress=lambda *counts: done.append(counts))
    assert (converted.studies, converted.shards, converted.unreadable) == (7, 3, {})
    assert done == [(i, 7) for i in range(1, 8)]
    assert sorted(contents(tmp_path / "out")) == ["films-00000.tar", "films-00001.tar", "films-00002.tar", TABLE]


def test_a_shard_is_a_tar_file_of_arrays_and_json(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"))
    with tarfile.open(tmp_path / "out" / "films-00000.tar") as tar:
        assert tar.getnames()[:4] == ["00000000.npy", "00000000.json", "00000001.npy", "00000001.json"]
        array = np.load(io.BytesIO(tar.extractfile("00000002.npy").read()), allow_pickle=False)
        described = json.loads(tar.extractfile("00000002.json").read())
    np.testing.assert_array_equal(decode(array), seven_studies[2].pixels)
    assert (described["split"], described["labels"]["effusion"]) == ("val", "present")
    assert described["metadata"]["view"] == "PA"


def test_images_at_the_models_size_are_the_resized_ones(seven_studies, tmp_path):
    convert(seven_studies, str(tmp_path / "out"), size=28)
    for ours, theirs in zip(Shards(tmp_path / "out"), seven_studies, strict=True):
        assert ours.pixels.shape == (1, 28, 28)
        assert np.abs(ours.pixels - resized(theirs.pixels, 28)).max() <= ERROR


def test_resizes_as_torchvision_does_and_clips(seven_studies):
    pixels = seven_studies[0].pixels
    size = {"size": [28, 28], "interpolation": InterpolationMode.BICUBIC, "antialias": True}
    expected = F.resize(torch.from_numpy(pixels), **size).clamp(0, 1).numpy()
    np.testing.assert_allclose(resized(pixels, 28), expected, atol=1e-6)  # measured 3e-7
    edge = np.zeros((1, 64, 64), np.float32)
    edge[:, :, 32:] = 1
    assert (resized(edge, 100).min(), resized(edge, 100).max()) == (0, 1)  # bicubic alone goes below 0 and above 1


def test_an_unreadable_image_is_listed_and_left_out(seven_studies, tmp_path):
    seven_studies.records[1].image.write_bytes(b"no image")
    converted = convert(seven_studies, str(tmp_path / "out"))
    assert "not an image that radz reads" in converted.unreadable["1.png"]
    assert len(Shards(tmp_path / "out")) == converted.studies == 6
    again = convert(seven_studies, str(tmp_path / "out"))
    assert (again.studies, again.shards) == (6, 1)
    assert again.unreadable == {"1.png": "its image could not be read when the corpus was converted"}


def test_studies_without_an_image_are_in_the_table_alone(seven_studies, tmp_path):
    seven_studies.records = tuple(replace(study, image=None) for study in seven_studies.records)
    converted = convert(seven_studies, str(tmp_path / "out"))
    assert (converted.studies, converted.shards) == (7, 0)
    assert [*contents(tmp_path / "out")] == [TABLE]


def test_a_finished_conversion_is_left_as_it_is(seven_studies, tmp_path, whole, monkeypatch):
    def refuse(*_arguments):
        raise AssertionError("nothing is read again")

    monkeypatch.setattr(conversion, "_encoded_image", refuse)
    (tmp_path / "whole" / "films-00002.rows.json").write_text("{}")  # killed before it was removed
    again = convert(seven_studies, str(tmp_path / "whole"), per_shard=3)
    assert (again.studies, again.shards, again.unreadable) == (7, 3, {})
    assert contents(tmp_path / "whole") == whole


def test_shards_of_another_corpus_or_other_settings_are_kept(seven_studies, tmp_path, whole):
    val = Manifest(seven_studies.records[0].image.parent, "val", unlisted="absent")
    for corpus, settings in ((val, {"per_shard": 3}), (seven_studies, {"per_shard": 3, "size": 28})):
        with pytest.raises(CorpusError, match=r"whole: holds shards already, of another corpus or other settings"):
            convert(corpus, str(tmp_path / "whole"), **settings)
    assert contents(tmp_path / "whole") == whole


@pytest.mark.parametrize("stop_after", range(7))
def test_a_stopped_conversion_goes_on_where_it_stopped(seven_studies, tmp_path, whole, monkeypatch, stop_after):
    read, encoded_image = [], conversion._encoded_image

    def stopping(corpus, index, size):
        if stop_after == len(read):
            raise KeyboardInterrupt
        read.append(index)
        return encoded_image(corpus, index, size)

    monkeypatch.setattr(conversion, "_encoded_image", stopping)
    with pytest.raises(KeyboardInterrupt):
        convert(seven_studies, str(tmp_path / "out"), per_shard=3, workers=1)
    assert not (tmp_path / "out" / TABLE).exists()
    monkeypatch.setattr(conversion, "_encoded_image", encoded_image)
    done = []
    convert(seven_studies, str(tmp_path / "out"), per_shard=3, progress=lambda count, _all: done.append(count))
    assert contents(tmp_path / "out") == whole
    assert done == [*range(1 + 3 * (stop_after // 3), 8)]


def test_a_killed_conversion_goes_on_and_its_leftovers_are_removed(seven_studies, tmp_path, whole):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".films-00000.tar-abc.unfinished").write_bytes(b"left by a kill")
    (out / "films-00000.tar").write_bytes(b"without its rows")
    (out / TABLE).write_bytes(b"PAR1 torn")
    convert(seven_studies, str(out), per_shard=3)
    assert contents(out) == whole
    assert not [*out.glob("*.unfinished"), *out.glob(".*.unfinished")]


def killed_at(change, corpus, folder):
    """Whether a conversion was killed before its ``change``-th change of a file; it is then continued."""
    killed = run_killed(lambda: convert(corpus, str(folder), per_shard=3, workers=1), folder, change)
    convert(corpus, str(folder), per_shard=3)
    return killed


def test_a_conversion_killed_at_any_change_of_a_file_goes_on(seven_studies, tmp_path, whole):
    for change in range(1, 1000):
        out = tmp_path / f"out-{change}"
        killed = killed_at(change, seven_studies, out)
        assert contents(out) == whole
        assert not [*out.glob(".*.unfinished")]
        if not killed:
            break
    assert change > 40  # 43 changes: three shards, their rows and the table


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(seven_studies, tmp_path, whole, monkeypatch):
    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(conversion, "write_index", full)
        with pytest.raises(CorpusError, match=r"out: cannot be written: No space left on device\. .* continues where"):
            convert(seven_studies, str(tmp_path / "out"), per_shard=3)
    convert(seven_studies, str(tmp_path / "out"), per_shard=3)
    assert contents(tmp_path / "out") == whole


def test_a_remote_conversion_is_continued_too(seven_studies, tmp_path, monkeypatch):
    url, fs = f"memory://radz-test/{tmp_path.name}", fsspec.filesystem("memory")
    with monkeypatch.context() as patch:
        patch.setattr(conversion, "write_index", lambda *_arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            convert(seven_studies, url, per_shard=3)
    done = []
    converted = convert(seven_studies, url, per_shard=3, progress=lambda *counts: done.append(counts))
    assert (converted.studies, converted.shards, done) == (7, 3, [])
    names = sorted(path.rpartition("/")[2] for path in fs.ls(f"/radz-test/{tmp_path.name}", detail=False))
    assert names == ["films-00000.tar", "films-00001.tar", "films-00002.tar", TABLE]
    fs.rm(f"/radz-test/{tmp_path.name}", recursive=True)
