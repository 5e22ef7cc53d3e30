"""Any table of images."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from radz import registry
from radz.data.corpora._fakes import fake_chest, write_radiograph
from radz.data.corpora.manifest import Manifest
from radz.data.splits import SPLITS
from radz.errors import ConfigError, CorpusError, ImageError, LeakageError, UnknownNameError
from radz.imaging.read import looks_inverted
from radz.types import NORMAL, Presence, Study

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


@pytest.fixture(params=registry.names("corpora"))
def plugin(request, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a corpus must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return registry.load("corpora", request.param)


@pytest.fixture
def corpus(plugin, tmp_path):
    return plugin(plugin.fake(tmp_path))


def study(study_id, patient, split):
    return Study(study_id, patient, split=split)


HEADER = "image,labels,patient,split"


@pytest.fixture
def table(tmp_path):
    """Write rows under a header; images are not needed to open a corpus."""

    def write(*rows, header=HEADER, name="manifest.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def labels_of(path, **options):
    return [dict(study.labels) for study in Manifest(path, **options).records]


def test_label_tokens(table):
    path = table("a.png,Mass; -Effusion ;?nodule,1,train", "b.png,,2,train")
    assert labels_of(path) == [{"mass": PRESENT, "effusion": ABSENT, "nodule": UNCERTAIN}, {}]
    assert Manifest(path).findings == ("effusion", "mass", "nodule")


def test_policy_for_findings_not_listed(table):
    path = table("a.png,Mass,1,train", "b.png,No Finding,2,train", "c.png,?Mass,3,train", "d.png,,4,train")
    assert labels_of(path, unlisted="unlabelled")[0] == {"mass": PRESENT}
    assert labels_of(path, unlisted="absent") == [
        {"mass": PRESENT, NORMAL: ABSENT},
        {"mass": ABSENT, NORMAL: PRESENT},
        {"mass": UNCERTAIN},
        {},
    ]
    with pytest.raises(ConfigError, match=r"the option unlisted is 'negative', allowed are 'absent', 'unlabelled'"):
        Manifest(path, unlisted="negative")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("Mass;-Mass", r"row 3: 'mass' is both present and absent"),
        ("No Finding;Mass", r"row 3: 'no_finding' and a finding \(mass\) are both present"),
    ],
)
def test_contradicting_labels(table, cell, reason):
    with pytest.raises(CorpusError, match=reason):
        Manifest(table("a.png,Mass,1,train", f"b.png,{cell},2,train"))


def test_unknown_label_names_the_nearest(table):
    with pytest.raises(UnknownNameError, match=r"Unknown finding 'Cardiomegalie'.*'cardiomegaly'"):
        Manifest(table("a.png,Cardiomegalie,1,train"))


def test_findings_restrict(table):
    path = table("a.png,Mass,1,train", "b.png,Nodule,2,train")
    assert Manifest(path, findings=["Nodule", "mass"]).findings == ("nodule", "mass")
    with pytest.raises(CorpusError, match=r"labels outside 'findings' \(nodule\) in row 3"):
        Manifest(path, findings=["Mass"])


def test_other_columns_separator_and_filter(table):
    path = table(
        "a.png,Mass|Nodule,7,s1,nih,0,train,AP,12",
        "b.png,Mass,8,,nih,1,train,AP,",
        "c.png,Lymphoma,9,s3,other,0,train,AP,",
        "d.png,Mass,8,,rsna,0,val,,",
        header="film,finding,who,case,set,low,split,view,note",
    )
    corpus = Manifest(
        path,
        columns={"image": "film", "labels": "finding", "patient": "who", "study": "case"},
        where={"set": ["nih", "rsna"], "low": 0},
        label_separator="|",
    )
    assert [(s.study_id, s.patient_id) for s in corpus.records] == [("s1", "7"), ("d.png", "8")]
    assert [s.metadata for s in corpus.records] == [{"view": "AP"}, {}]
    assert corpus.records[0].image == path.parent / "a.png"


def test_metadata_columns_of_choice(table):
    path = table("a.png,1,AP,x", header="image,patient,view,note")
    assert Manifest(path, metadata=["note"]).records[0].metadata == {"note": "x"}
    with pytest.raises(CorpusError, match=r"missing column 'notes' \(for metadata notes; nearest: 'note'\)"):
        Manifest(path, metadata=["notes"])


def test_parquet_equals_csv_and_numbers_stay_whole(table, tmp_path):
    path = table("a.png,Mass,7,train", "b.png,,8,val", header=HEADER)
    frame = pd.read_csv(path)
    frame["age"] = [61, None]
    frame.to_parquet(tmp_path / "manifest.parquet")
    of_csv, of_parquet = Manifest(path), Manifest(tmp_path / "manifest.parquet")
    assert [s.patient_id for s in of_parquet.records] == ["7", "8"]
    assert of_parquet.records[0].metadata["age"] in ("61", "61.0")
    assert [s.labels for s in of_parquet.records] == [s.labels for s in of_csv.records]
    path.unlink()
    assert len(Manifest(tmp_path)) == 2


@pytest.mark.parametrize(
    ("header", "row", "options", "reason"),
    [
        ("image,labels,patient_id", "a.png,,1", {}, r"missing column 'patient' \(for patient; nearest: 'patient_id'\)"),
        ("file,patient", "a.png,1", {}, r"missing column 'image' .*Found: file, patient"),
        ("image,patient", "a.png,1", {"columns": {"report": "txt"}}, r"missing column 'txt' \(for report"),
        ("image,patient", "a.png,1", {"where": {"set": "x"}}, r"missing column 'set' \(for where.set"),
        ("image,patient", "a.png,1", {"where": {"patient": 2}}, r"no row has \{'patient': 2\}"),
        ("image,patient", "a.png, ", {}, r"column 'patient' is empty in row 2. Patients, never images, are split"),
        ("image,patient", ",1", {}, r"column 'image' is empty in row 2"),
        ("image,patient", "../a.png,1", {}, r"leave the table's folder in row 2"),
        ("image,patient", "x/../../a.png,1", {}, r"leave the table's folder in row 2"),
        ("image,patient", "", {}, r"the table has no rows"),
        ("image,patient,study", "a.png,1,s\nb.png,1,s", {}, r"2 studies share their study id .*rows 2, 3"),
    ],
)
def test_tables_that_are_not_right(table, header, row, options, reason):
    with pytest.raises(CorpusError, match=reason):
        Manifest(table(row, header=header), **options)


def test_unknown_role_and_split(table):
    path = table("a.png,,1,training")
    with pytest.raises(UnknownNameError, match=r"Unknown manifest role 'patients'.*'patient'"):
        Manifest(path, columns={"patients": "x"})
    with pytest.raises(UnknownNameError, match=r"Unknown split in the manifest 'training'.*'train'"):
        Manifest(path)


def test_other_files_are_no_tables(table, tmp_path):
    with pytest.raises(CorpusError, match=r"must be one of .csv, .csv.gz, .parquet"):
        Manifest(table("a.png,1", name="films.xlsx"))
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(CorpusError, match=r"cannot be read as a table"):
        Manifest(tmp_path / "b.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"holds neither manifest.csv nor manifest.parquet"):
        Manifest(tmp_path / "empty")


def test_patient_in_two_splits_of_a_table_gives_its_rows(table):
    with pytest.raises(LeakageError, match=r"1 patient .*rows 2, 4"):
        Manifest(table("a.png,,1,train", "b.png,,2,val", "c.png,,1,test"))


def test_corpus_images_are_taken_as_published_unless_known_inverted(table, tmp_path):
    path = table("a.png,,1,train")
    Image.fromarray(255 - fake_chest(0)).save(tmp_path / "a.png")
    as_published, turned = Manifest(path)[0].pixels, Manifest(path, inverted=["a.png"])[0].pixels
    assert looks_inverted(as_published)
    np.testing.assert_allclose(turned, 1 - as_published, atol=1e-6)


def test_absolute_path_and_missing_image(table, tmp_path):
    write_radiograph(tmp_path / "else" / "a.png", seed=0)
    corpus = Manifest(table(f"{tmp_path / 'else' / 'a.png'},,1,train", "gone.png,,2,train"))
    assert corpus[0].pixels.shape == (1, 64, 64)
    with pytest.raises(ImageError, match=r"gone.png: there is no such file"):
        corpus[1]


@pytest.fixture
def dev_data():
    root = Path(os.environ.get("RADZ_DEV_DATA", ""))
    if not os.environ.get("RADZ_DEV_DATA") or not (root / "manifest.csv").is_file():
        pytest.skip("RADZ_DEV_DATA does not name the folder of the development data")
    return root


def test_development_images(dev_data):
    options = {
        "columns": {"patient": "patient_id", "study": "study_id"},
        "where": {"dataset": "nih-chestxray14", "low_res": "0"},
        "unlisted": "absent",
    }
    sizes = {split: len(Manifest(dev_data / "manifest.csv", split, **options)) for split in SPLITS}
    assert sizes == {"train": 1289, "val": 262, "test": 393}
    images = Manifest(dev_data / "manifest.csv", "val", **options)
    assert len(images.findings) == 15
    some = [images[i].pixels for i in range(0, len(images), 8)]
    assert not any(map(looks_inverted, some))
    assert sum(looks_inverted(1 - pixels) for pixels in some) >= 0.9 * len(some)  # 97 % over all
