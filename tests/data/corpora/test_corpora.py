"""The contract of every corpus, found through the registry, and what is particular to each."""

from __future__ import annotations

import inspect
import os
import pickle
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from radz import registry
from radz.data import tables as _tables
from radz.data.corpora._corpus import fake_film, write_film
from radz.data.splits import SPLITS, check_patients, hash_fraction, split_hash
from radz.data.views.folds import open_corpus
from radz.errors import ConfigError, CorpusError, ImageError, LeakageError, UnknownNameError
from radz.imaging.read import looks_inverted
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence, Study

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


# ---- contract


@pytest.fixture(params=registry.names("corpora"))
def plugin(request, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a corpus must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return registry.load("corpora", request.param)


@pytest.fixture
def corpus(plugin, tmp_path):
    return plugin(plugin.fake(tmp_path))


def test_fake_holds_three_studies_one_a_split(plugin, tmp_path, corpus):
    assert len(corpus) == 3
    assert corpus.splits == SPLITS
    assert sorted(s.split for s in corpus.records) == sorted(SPLITS)
    for split in SPLITS:
        part = plugin(plugin.fake(tmp_path), split=split)
        assert [s.split for s in part.records] == [split]
        assert (part.splits, part.findings) == (corpus.splits, corpus.findings)


def test_says_what_it_is_where_to_obtain_it_and_under_which_terms(plugin):
    lines = (plugin.about.title, plugin.about.obtain, plugin.about.terms)
    assert all(line.strip() and "\n" not in line for line in lines)


def test_records_have_no_pixels_and_items_do(corpus):
    assert all(study.pixels is None for study in corpus.records)
    assert [s.study_id for s in corpus] == [s.study_id for s in corpus.records]
    assert [s.study_id for s in corpus[1:]] == [s.study_id for s in corpus.records[1:]]
    assert corpus[-1].study_id == corpus.records[-1].study_id
    with pytest.raises(IndexError):
        corpus[3]


def test_pixel_range_and_polarity(corpus):
    for study in corpus:
        assert study.pixels is not None
        assert study.pixels.dtype == np.float32
        assert study.pixels.ndim == 3
        assert study.pixels.shape[0] == 1
        assert 0 <= study.pixels.min() < study.pixels.max() <= 1
        assert not looks_inverted(study.pixels)
        assert looks_inverted(1 - study.pixels)


def test_label_alphabet(corpus):
    knowledge = KnowledgeBase.load()
    assert len(set(corpus.findings)) == len(corpus.findings)
    assert all(knowledge[concept].id == concept for concept in corpus.findings)
    for study in corpus.records:
        assert set(study.labels) <= set(corpus.findings)
        assert all(isinstance(presence, Presence) for presence in study.labels.values())
        ills = [c for c in study.labels if c != NORMAL and knowledge[c].kind != "device"]  # a normal film may show one
        others = [study.labels[concept] for concept in ills]
        assert study.presence(NORMAL) is not PRESENT or PRESENT not in others


def test_ids_are_unique_and_patients_disjoint(corpus):
    assert len({study.study_id for study in corpus.records}) == len(corpus)
    assert all(study.patient_id for study in corpus.records)
    check_patients(corpus.records, corpus.name)


def test_policies_are_named(corpus):
    assert all(isinstance(value, str) and value for value in corpus.policies.values())


def test_metadata_is_text(corpus):
    assert all(isinstance(v, str) and v for study in corpus.records for v in study.metadata.values())


def test_picklable(corpus):
    again = pickle.loads(pickle.dumps(corpus))  # noqa: S301  our own bytes
    assert again.records == corpus.records
    np.testing.assert_array_equal(again[0].pixels, corpus[0].pixels)


def test_unknown_split_and_missing_root(plugin, tmp_path):
    with pytest.raises(UnknownNameError, match=r"split.*'vali'.*Did you mean 'val'.*Known: test, train, val"):
        plugin(plugin.fake(tmp_path), split="vali")
    with pytest.raises(CorpusError, match=r"nowhere"):
        plugin(tmp_path / "nowhere")


def test_unknown_option_and_value_of_the_wrong_type(plugin, tmp_path):
    root = plugin.fake(tmp_path)
    with pytest.raises(UnknownNameError, match=rf"Unknown option of {plugin.name} 'nonsense'\. Known: \w+"):
        plugin(root, nonsense=1)
    with pytest.raises(UnknownNameError, match=rf"Unknown option of {plugin.name} 'root'"):
        open_corpus(plugin.name, root, None, {"root": "elsewhere"})
    for option in inspect.signature(plugin).parameters.keys() - {"root", "split"}:
        with pytest.raises(ConfigError, match=rf"{plugin.name}: the option {option} is <object object"):
            open_corpus(plugin.name, root, None, {option: object()})


# ---- splits


def study(study_id, patient, split):
    return Study(study_id, patient, split=split)


def test_patient_in_two_splits_is_named_by_rows_only():
    records = [study("s1", "secret", "train"), study("s2", "p2", "val"), study("s3", "secret", "test")]
    with pytest.raises(LeakageError, match=r"films.csv: 1 patient is in more than one split .*rows 1, 3") as caught:
        check_patients(records, "films.csv")
    assert "secret" not in str(caught.value)
    assert "s1" not in str(caught.value)
    with pytest.raises(LeakageError, match=r"rows 7, 9"):
        check_patients(records, "films.csv", rows=[7, 8, 9])
    check_patients([*records[:2], study("s3", "secret", None), study("s4", "secret", "train")], "films.csv")


def test_split_hash_depends_on_what_it_says_only():
    one, two = study("a", "p", "train"), study("b", "q", "val")
    assert split_hash([one, two]) == split_hash([two, study("a", "another", "train")])
    assert split_hash([one, two]) != split_hash([one, study("b", "q", "test")])
    assert len(split_hash([])) == 64


# ---- manifest

manifest = registry.load("corpora", "manifest")
HEADER = "image,labels,patient,split"


@pytest.fixture
def table(tmp_path):
    """Write rows under a header; films are not needed to open a corpus."""

    def write(*rows, header=HEADER, name="manifest.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def labels_of(path, **options):
    return [dict(study.labels) for study in manifest(path, **options).records]


def test_label_tokens(table):
    path = table("a.png,Mass; -Effusion ;?nodule,1,train", "b.png,,2,train")
    assert labels_of(path) == [{"mass": PRESENT, "effusion": ABSENT, "nodule": UNCERTAIN}, {}]
    assert manifest(path).findings == ("effusion", "mass", "nodule")


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
        manifest(path, unlisted="negative")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("Mass;-Mass", r"row 3: 'mass' is both present and absent"),
        ("No Finding;Mass", r"row 3: 'no_finding' and a finding \(mass\) are both present"),
    ],
)
def test_contradicting_labels(table, cell, reason):
    with pytest.raises(CorpusError, match=reason):
        manifest(table("a.png,Mass,1,train", f"b.png,{cell},2,train"))


def test_unknown_label_names_the_nearest(table):
    with pytest.raises(UnknownNameError, match=r"Unknown finding 'Cardiomegalie'.*'cardiomegaly'"):
        manifest(table("a.png,Cardiomegalie,1,train"))


def test_findings_restrict(table):
    path = table("a.png,Mass,1,train", "b.png,Nodule,2,train")
    assert manifest(path, findings=["Nodule", "mass"]).findings == ("nodule", "mass")
    with pytest.raises(CorpusError, match=r"labels outside 'findings' \(nodule\) in row 3"):
        manifest(path, findings=["Mass"])


def test_other_columns_separator_and_filter(table):
    path = table(
        "a.png,Mass|Nodule,7,s1,nih,0,train,AP,12",
        "b.png,Mass,8,,nih,1,train,AP,",
        "c.png,Lymphoma,9,s3,other,0,train,AP,",
        "d.png,Mass,8,,rsna,0,val,,",
        header="film,finding,who,case,set,low,split,view,note",
    )
    corpus = manifest(
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
    assert manifest(path, metadata=["note"]).records[0].metadata == {"note": "x"}
    with pytest.raises(CorpusError, match=r"missing column 'notes' \(for metadata notes; nearest: 'note'\)"):
        manifest(path, metadata=["notes"])


def test_parquet_equals_csv_and_numbers_stay_whole(table, tmp_path):
    path = table("a.png,Mass,7,train", "b.png,,8,val", header=HEADER)
    frame = pd.read_csv(path)
    frame["age"] = [61, None]
    frame.to_parquet(tmp_path / "manifest.parquet")
    of_csv, of_parquet = manifest(path), manifest(tmp_path / "manifest.parquet")
    assert [s.patient_id for s in of_parquet.records] == ["7", "8"]
    assert of_parquet.records[0].metadata["age"] in ("61", "61.0")
    assert [s.labels for s in of_parquet.records] == [s.labels for s in of_csv.records]
    path.unlink()
    assert len(manifest(tmp_path)) == 2


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
        manifest(table(row, header=header), **options)


def test_unknown_role_and_split(table):
    path = table("a.png,,1,training")
    with pytest.raises(UnknownNameError, match=r"Unknown manifest role 'patients'.*'patient'"):
        manifest(path, columns={"patients": "x"})
    with pytest.raises(UnknownNameError, match=r"Unknown split in the manifest 'training'.*'train'"):
        manifest(path)


def test_other_files_are_no_tables(table, tmp_path):
    with pytest.raises(CorpusError, match=r"must be one of .csv, .csv.gz, .parquet"):
        manifest(table("a.png,1", name="films.xlsx"))
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(CorpusError, match=r"cannot be read as a table"):
        manifest(tmp_path / "b.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"holds neither manifest.csv nor manifest.parquet"):
        manifest(tmp_path / "empty")


def test_patient_in_two_splits_of_a_table_gives_its_rows(table):
    with pytest.raises(LeakageError, match=r"1 patient .*rows 2, 4"):
        manifest(table("a.png,,1,train", "b.png,,2,val", "c.png,,1,test"))


def test_corpus_films_are_taken_as_published_unless_known_inverted(table, tmp_path):
    path = table("a.png,,1,train")
    Image.fromarray(255 - fake_film(0)).save(tmp_path / "a.png")
    as_published, turned = manifest(path)[0].pixels, manifest(path, inverted=["a.png"])[0].pixels
    assert looks_inverted(as_published)
    np.testing.assert_allclose(turned, 1 - as_published, atol=1e-6)


def test_absolute_path_and_missing_film(table, tmp_path):
    write_film(tmp_path / "else" / "a.png", seed=0)
    corpus = manifest(table(f"{tmp_path / 'else' / 'a.png'},,1,train", "gone.png,,2,train"))
    assert corpus[0].pixels.shape == (1, 64, 64)
    with pytest.raises(ImageError, match=r"gone.png: there is no such file"):
        corpus[1]


# ---- ChestX-ray14

chestxray14 = registry.load("corpora", "chestxray14")


@pytest.fixture
def nih(tmp_path):
    return chestxray14.fake(tmp_path)


def test_nih_labels_metadata_and_boxes(nih):
    corpus = chestxray14(nih)
    assert len(corpus.findings) == 15
    first = corpus.records[0]
    assert [c for c, p in first.labels.items() if p is PRESENT] == ["mass", "nodule"]
    assert set(first.labels.values()) == {PRESENT, ABSENT}
    assert first.presence(NORMAL) is ABSENT
    assert corpus.records[1].presence(NORMAL) is PRESENT
    assert first.metadata == {"view": "PA", "sex": "M", "age": "57"}
    (box,) = chestxray14(nih, split="test").boxes[corpus.records[2].study_id]
    assert (box.concept, box.x, box.y, box.width, box.height) == ("effusion", 225, 547, 86, 79)
    assert chestxray14(nih, split="train").boxes == {}


def test_nih_validation_is_cut_by_patient(nih):
    assert [s.split for s in chestxray14(nih, val_fraction=0).records] == ["train", "train", "test"]
    fractions = [hash_fraction(str(patient), "chestxray14-val") for patient in range(20_000)]
    assert np.mean(np.array(fractions) < 0.1) == pytest.approx(0.1, abs=0.01)  # 0.002 is the standard error
    with pytest.raises(ConfigError, match=r"val_fraction is 1, allowed is 0 <= val_fraction < 1"):
        chestxray14(nih, val_fraction=1)


def test_nih_chosen_films(nih, tmp_path):
    names = [s.study_id for s in chestxray14(nih).records]
    (nih / "train_val_list.txt").unlink()
    films = tmp_path / "films.csv"
    films.write_text(f"image,split,source\n{names[2]},train,mirror\n{names[0]},test,\n")
    corpus = chestxray14(nih, films=films)
    assert [(s.study_id, s.split) for s in corpus.records] == [(names[0], "test"), (names[2], "train")]
    assert corpus.records[1].metadata["source"] == "mirror"
    films.write_text("image,split\nstranger.png,train\n")
    with pytest.raises(CorpusError, match=r"films.csv: 1 films are not in the data entries \(row 2\)"):
        chestxray14(nih, films=films)
    films.write_text(f"image,split\n{names[0]},tuning\n")
    with pytest.raises(UnknownNameError, match=r"'tuning'"):
        chestxray14(nih, films=films)


def test_nih_first_release_and_flat_folder(nih):
    table = pd.read_csv(nih / "Data_Entry_2017_v2020.csv", dtype=str)
    table["Patient Age"] = ["057Y", "011M", "030D"]
    table.to_csv(nih / "Data_Entry_2017.csv", index=False)
    (nih / "Data_Entry_2017_v2020.csv").unlink()
    (nih / "images_001" / "images").rename(nih / "images")
    corpus = chestxray14(nih)
    assert [s.metadata["age"] for s in corpus.records] == ["57", "0", "0"]
    assert corpus[0].image == nih / "images" / corpus[0].study_id


def test_nih_incomplete_downloads(nih):
    next((nih / "images_001" / "images").glob("*.png")).unlink()
    with pytest.raises(CorpusError, match=r"1 of 3 films are missing .*option films"):
        chestxray14(nih)
    (nih / "test_list.txt").write_text("")
    with pytest.raises(CorpusError, match=r"1 films \(row 4 of the data entries\) are in neither"):
        chestxray14(nih)
    (nih / "test_list.txt").unlink()
    with pytest.raises(CorpusError, match=r"test_list.txt: missing"):
        chestxray14(nih)
    (nih / "Data_Entry_2017_v2020.csv").unlink()
    with pytest.raises(CorpusError, match=r"holds neither Data_Entry_2017_v2020.csv nor"):
        chestxray14(nih)


def test_row_numbers_are_those_of_a_spreadsheet(table):
    assert _tables.read_table(table("a.png,,1,train"))[_tables.ROW].tolist() == [2]


# ---- development data


@pytest.fixture
def dev_data():
    root = Path(os.environ.get("RADZ_DEV_DATA", ""))
    if not os.environ.get("RADZ_DEV_DATA") or not (root / "manifest.csv").is_file():
        pytest.skip("RADZ_DEV_DATA does not name the folder of the development data")
    return root


def test_development_films(dev_data):
    options = {
        "columns": {"patient": "patient_id", "study": "study_id"},
        "where": {"dataset": "nih-chestxray14", "low_res": "0"},
        "unlisted": "absent",
    }
    sizes = {split: len(manifest(dev_data / "manifest.csv", split, **options)) for split in SPLITS}
    assert sizes == {"train": 825, "val": 160, "test": 248}
    films = manifest(dev_data / "manifest.csv", "val", **options)
    assert len(films.findings) == 15
    assert not any(looks_inverted(films[i].pixels) for i in range(0, len(films), 8))
    assert sum(looks_inverted(1 - films[i].pixels) for i in range(0, len(films), 8)) >= 18  # of 20; 97 % over all
