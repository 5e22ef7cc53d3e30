"""What is particular to CheXpert, MIMIC-CXR, PadChest, COVIDx and Open-I; the contract is in test_corpora.py."""

from __future__ import annotations

import shutil
import zipfile
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from radz import registry
from radz.data.corpora import _chexpert, _mimic, _mimic_reports, _open_i_reports, padchest
from radz.data.corpora._films import choose_films
from radz.data.corpora._labels import complete, from_listed
from radz.data.views.folds import Fold, FoldedCorpus
from radz.data.views.held_out import WithoutConcepts
from radz.data.views.subset import Limited
from radz.errors import ConfigError, CorpusError, ImageError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence
Chexpert, Mimic, MimicJpg, PadChest, Covidx, OpenI = (
    registry.load("corpora", name)
    for name in ("chexpert", "mimic_cxr", "mimic_cxr_jpg", "padchest", "covidx", "open_i")
)


def ids(corpus):
    return [study.study_id for study in corpus.records]


def test_views_of_a_study():
    studies, sides = ["a", "a", "b", "c", "c", "c"], ["lateral", "frontal", "lateral", "", "frontal", "frontal"]
    taken = {views: choose_films(studies, sides, views) for views in ("one", "frontal", "lateral", "all")}
    assert taken == {"one": [1, 4], "frontal": [1, 4, 5], "lateral": [0, 2], "all": [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("broader", "fracture"), [("present", PRESENT), ("unlabelled", UNLABELLED), ("absent", ABSENT)]
)
def test_what_a_listed_finding_is_a_kind_of(broader, fracture):
    findings = ("fracture", "clavicle_fracture", "nodule", NORMAL)
    labels = complete({"clavicle_fracture": PRESENT}, findings, "absent", broader)
    assert labels.get("fracture", UNLABELLED) is fracture
    assert labels["nodule"] is ABSENT


def test_a_device_is_no_finding():
    labels = complete({"pacemaker": PRESENT}, ("pacemaker", "nodule", NORMAL), "absent")
    assert labels == {"pacemaker": PRESENT, "nodule": ABSENT}
    assert from_listed("padchest", {"normal", "pacemaker"}, "absent")[NORMAL] is PRESENT
    assert from_listed("padchest", {"normal", "nodule"}, "absent")[NORMAL] is ABSENT


def test_a_label_that_holds_more_than_its_concept_leaves_it_open():
    assert from_listed("padchest", {"increased density"}, "absent").get("lung_opacity") is None
    assert from_listed("padchest", {"normal"}, "absent")["lung_opacity"] is ABSENT


# ---- CheXpert


@pytest.fixture
def small(tmp_path):
    return Chexpert.fake(tmp_path)


@pytest.mark.parametrize(
    ("policy", "edema"), [("separate", UNCERTAIN), ("ignore", UNLABELLED), ("ones", PRESENT), ("zeros", ABSENT)]
)
def test_chexpert_uncertain_labels(small, policy, edema):
    corpus = Chexpert(small, "val", uncertain=policy)
    assert corpus.records[0].presence("edema") is edema
    assert corpus.records[0].presence("effusion") is PRESENT
    assert corpus.policies["uncertain"] == policy


def test_what_decided_the_labels_is_kept_by_views_of_a_corpus(small):
    corpus = Chexpert(small, uncertain="zeros", views="all")
    expected = {"uncertain": "zeros", "unlisted": "unlabelled", "views": "all", "missing": "error"}
    views = [
        WithoutConcepts(corpus, frozenset({"edema"}), KnowledgeBase.load(), reports=False),
        FoldedCorpus(Chexpert(small, uncertain="zeros", views="all"), Fold(1, 2), "train"),
        Limited(corpus, 1),
    ]
    assert all(view.policies == expected for view in views)


def test_chexpert_no_finding_denies_findings_and_not_devices(small):
    (study,) = Chexpert(small, "train").records
    denied = {concept for concept, presence in study.labels.items() if presence is ABSENT}
    assert denied == {*_chexpert.findings()} - {NORMAL, "support_devices"}
    assert study.presence("support_devices") is PRESENT
    assert Chexpert(small, "val").records[0].presence("fracture") is UNLABELLED


def test_chexpert_empty_cells_as_absent(small):
    table = pd.read_csv(small / "valid.csv", dtype=str)
    table["Cardiomegaly"] = "1.0"
    table.to_csv(small / "valid.csv", index=False)
    (study,) = Chexpert(small, "val", unlisted="absent").records
    assert study.presence("fracture") is ABSENT
    assert study.presence("enlarged_cardiomediastinum") is UNLABELLED  # cardiomegaly is a kind of it
    assert study.presence(NORMAL) is ABSENT


def test_chexpert_no_finding_is_never_turned():
    cells = pd.DataFrame([dict.fromkeys(_chexpert.LABELS, "") | {"No Finding": "-1", "Edema": "-1.0"}])
    labels = _chexpert.read_labels(cells.assign(__row__=2), "t.csv", "ones", "unlabelled")
    assert labels == [{NORMAL: UNCERTAIN, "edema": PRESENT}]


def test_chexpert_strange_cells_and_policies(small):
    table = pd.read_csv(small / "train.csv", dtype=str)
    table.loc[1, "Edema"] = "nan "
    table.to_csv(small / "train.csv", index=False)
    with pytest.raises(CorpusError, match=r"train.csv: row 3: 'Edema' is 'nan', allowed are 1, 0, -1 and an empty"):
        Chexpert(small)
    with pytest.raises(ConfigError, match=r"uncertain is 'maybe', allowed are 'separate', 'ignore', 'ones', 'zeros'"):
        Chexpert(small, uncertain="maybe")


def test_chexpert_views(small):
    assert ids(Chexpert(small, "train", views="lateral")) == ["train/patient00001/study1/view2_lateral.jpg"]
    assert len(Chexpert(small, "train", views="all")) == 2
    assert {s.metadata["study"] for s in Chexpert(small, "train", views="all").records} == {"patient00001/study1"}


def test_chexpert_full_size_archives_left_in_their_folders(small, tmp_path):
    first, second = "CheXpert-v1.0 batch 1 (validate & csv)", "CheXpert-v1.0 batch 2 (train 1)"
    root = tmp_path / "chexpertchestxrays-u20210408"
    shutil.copytree(small / "valid", root / first / "valid")
    shutil.copytree(small / "train", root / second)
    for name in ("train.csv", "valid.csv"):
        text = (small / name).read_text().replace("CheXpert-v1.0-small", "CheXpert-v1.0")
        (root / first / name).write_text(text)
    corpus = Chexpert(root)
    assert ids(corpus) == ids(Chexpert(small))[:2]
    assert corpus[0].pixels.shape == (1, 64, 64)
    with pytest.raises(CorpusError, match=r"no test_labels.csv or groundtruth.csv .*chexlocalize.*Terms: Stanford"):
        Chexpert(root, "test")
    with_test = Chexpert(root, "test", test_labels=small / "groundtruth.csv")
    assert ids(with_test) == ["test/patient64741/study1/view1_frontal.jpg"]


def test_chexpert_test_set_by_film(small, tmp_path):
    table = pd.read_csv(small / "groundtruth.csv", dtype=str).drop(columns="Study")
    table.insert(0, "Path", "test/patient64741/study1/view1_frontal.jpg")
    table.to_csv(small / "test_labels.csv", index=False)
    (small / "groundtruth.csv").unlink()
    (study,) = Chexpert(tmp_path, "test").records
    assert Counter(study.labels.values()) == {PRESENT: 1, ABSENT: 13}
    table.drop(columns="No Finding").to_csv(small / "test_labels.csv", index=False)
    (study,) = Chexpert(tmp_path, "test").records
    assert study.presence(NORMAL) is UNLABELLED
    assert Counter(study.labels.values()) == {PRESENT: 1, ABSENT: 12}
    table.drop(columns="Edema").to_csv(small / "test_labels.csv", index=False)
    with pytest.raises(CorpusError, match=r"test_labels.csv: missing column 'Edema' \(for label Edema"):
        Chexpert(tmp_path)


def test_films_that_are_not_there(small):
    (small / "train" / "patient00001" / "study1" / "view1_frontal.jpg").unlink()
    with pytest.raises(CorpusError, match=r"1 of 3 films are missing .*Obtain from https://aimi.stanford.edu.*skip"):
        Chexpert(small)
    assert Chexpert(small, missing="skip").splits == ("val", "test")
    with pytest.raises(ImageError, match=r"there is no such file"):
        Chexpert(small, "train", missing="later")[0]
    shutil.rmtree(small / "valid")
    shutil.rmtree(small / "test")
    with pytest.raises(CorpusError, match=r"3 of 3 films are missing"):
        Chexpert(small, missing="skip")


def test_a_table_in_two_folders(small, tmp_path):
    shutil.copytree(small, tmp_path / "CheXpert-v1.0")
    with pytest.raises(CorpusError, match=r"train.csv is in .*CheXpert-v1.0, .*CheXpert-v1.0-small. Name one of them"):
        Chexpert(tmp_path)


# ---- MIMIC-CXR


@pytest.fixture
def mimic(tmp_path):
    return MimicJpg.fake(tmp_path)


def test_mimic_views_and_split(mimic):
    corpus = MimicJpg(mimic, views="all")
    assert [s.metadata["view"] for s in corpus.records] == ["PA", "LATERAL", "AP", "AP"]
    assert [s.split for s in corpus.records] == ["train", "train", "val", "test"]
    assert [_mimic.side_of(v) for v in ("AP AXIAL", "PA LLD", "XTABLE LATERAL", "LPO", "")] == [
        *("frontal", "frontal", "lateral", "", "")
    ]


def test_mimic_view_from_its_code(mimic):
    path = mimic / "mimic-cxr-2.0.0-metadata.csv"
    table = pd.read_csv(path, dtype=str)
    table["ViewCodeSequence_CodeMeaning"] = ["postero-anterior", "lateral", "antero-posterior", "Erect"]
    table["ViewPosition"] = ["", "", "", "AP"]
    table.to_csv(path, index=False)
    assert [s.metadata["view"] for s in MimicJpg(mimic, views="all").records] == ["PA", "LATERAL", "AP", "AP"]


def test_mimic_labelers(mimic):
    assert MimicJpg(mimic, "val", labeler="negbio").records[0].presence("edema") is UNCERTAIN
    header = ["study_id", *(label.replace("Lung Opacity", "Airspace Opacity") for label in _chexpert.LABELS)]
    rows = [["50771383", *("1.0" if label == "Airspace Opacity" else "" for label in header[1:])]]
    pd.DataFrame(rows, columns=header).to_csv(mimic / "mimic-cxr-2.1.0-test-set-labeled.csv", index=False)
    corpus = MimicJpg(mimic, labeler="radiologist", unlisted="absent")
    assert corpus.records[2].presence("lung_opacity") is PRESENT
    assert corpus.records[2].presence("pneumonia") is ABSENT
    assert corpus.records[0].labels == {}
    with pytest.raises(ConfigError, match=r"labeler is 'chexbert', allowed are 'chexpert', 'negbio', 'radiologist'"):
        MimicJpg(mimic, labeler="chexbert")


def test_mimic_reports_in_folders_and_archive(mimic, tmp_path):
    assert MimicJpg(mimic, "test").records[0].report is None
    assert MimicJpg(mimic, "test", reports=mimic).records[0].report == "The heart is normal.\n\nFilm 3."
    archive = tmp_path / "mimic-cxr-reports.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted((mimic / "files").rglob("*.txt")):
            packed.write(path, path.relative_to(mimic))
            path.unlink()
    assert MimicJpg(mimic, "test", reports=archive).records[0].report == "The heart is normal.\n\nFilm 3."
    with pytest.raises(CorpusError, match=r"has no report files/p10/.*s50771383.txt. Obtain mimic-cxr-reports.zip"):
        MimicJpg(mimic, "test", reports=mimic)


def test_mimic_dicom_with_tables_elsewhere(tmp_path):
    root = Mimic.fake(tmp_path / "dicom")
    tables = tmp_path / "jpg"
    tables.mkdir()
    for path in root.glob("*.csv"):
        shutil.move(path, tables)
    corpus = Mimic(root, "train", tables=tables)
    assert corpus.records[0].report == "The heart is normal.\n\nFilm 1."
    assert Mimic(root, "train", tables=tables, reports=False).records[0].report is None
    with pytest.raises(CorpusError, match=r"no mimic-cxr-2.0.0-split.csv here .*physionet.org/content/mimic-cxr-jpg"):
        Mimic(root)


@pytest.mark.parametrize(
    ("report", "kept"),
    [
        (
            "WET READ: nodule.\n FINAL REPORT\n INDICATION: ___ with cough.\n\n IMPRESSION:\n\n 1. No \n nodule.",
            "1. No nodule.",
        ),
        (" FINAL REPORT\n CHEST RADIOGRAPH\n\n INDICATION: Mass.\n\n The lungs are clear.\n", "The lungs are clear."),
        (" FINAL REPORT\n INDICATION: Mass.\n\n COMPARISON: None.\n", ""),
        ("The lungs are clear.", "The lungs are clear."),
        ("", ""),
    ],
)
def test_mimic_what_a_report_says_of_the_film(report, kept):
    assert _mimic_reports.described(report) == kept


def test_mimic_split_that_is_none(mimic):
    path = mimic / "mimic-cxr-2.0.0-split.csv"
    path.write_text(path.read_text().replace("validate", "valid"))
    with pytest.raises(UnknownNameError, match=r"split in mimic-cxr-2.0.0-split.csv 'valid'. Did you mean 'validate'"):
        MimicJpg(mimic)


# ---- PadChest


@pytest.fixture
def alicante(tmp_path):
    return PadChest.fake(tmp_path)


def rewrite(root, **columns):
    path = root / padchest.TABLE
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.assign(**columns).to_csv(path, index=False)


def test_padchest_labels_places_and_pixels(alicante):
    corpus = PadChest(alicante)
    first = corpus.records[0]
    assert {c for c, p in first.labels.items() if p is PRESENT} == {"mass", "fracture"}
    assert corpus.places == {first.study_id: {"mass": ("right upper lobe",)}}
    assert first.metadata == {"view": "PA", "study": "study0", "sex": "F", "age": "84", "manufacturer": "GMM"}
    assert corpus[0].pixels.min() == 0  # 16-bit films are stretched from smallest to largest value
    assert corpus[0].pixels.max() == 1
    assert len(np.unique(corpus[0].pixels)) > 50


def test_padchest_lists_that_are_not_whole(alicante):
    rewrite(alicante, Labels=["['unchanged', 'nodule']", "['']", "nan"])
    nodule, empty, none = PadChest(alicante, unlisted="absent").records
    assert nodule.labels == {"nodule": PRESENT}
    assert empty.labels == none.labels == {}


def test_padchest_kinds_and_policies(alicante):
    rewrite(alicante, Labels=["['clavicle fracture']", "['normal']", "['central venous catheter via jugular vein']"])
    first, _, third = PadChest(alicante, broader="unlabelled").records
    assert first.presence("fracture") is UNLABELLED
    assert third.presence("central_venous_catheter") is PRESENT
    assert PadChest(alicante).records[0].presence("fracture") is PRESENT
    assert PadChest(alicante, unlisted="unlabelled", broader="unlabelled").records[1].labels == {NORMAL: PRESENT}


def test_padchest_who_labelled_and_views(alicante):
    rewrite(alicante, MethodLabel=["Physician", "RNN_model", "Physician"], Projection=["PA", "AP_horizontal", "L"])
    assert [s.metadata["view"] for s in PadChest(alicante).records] == ["PA", "AP_horizontal"]
    assert len(PadChest(alicante, labelled_by="physician", views="all")) == 2
    tested = PadChest(alicante, test_fraction=1, val_fraction=0)
    assert tested.splits == ("test",)
    assert tested.policies["split"] == "by hash: 1 test, 0 val"
    with pytest.raises(ConfigError, match=r"val_fraction is 0.1 and test_fraction 1, allowed are shares"):
        PadChest(alicante, test_fraction=1)


def test_padchest_one_study_id_of_two_patients(alicante):
    rewrite(alicante, StudyID=["1", "1", "1"])
    assert len(PadChest(alicante)) == 3


def test_padchest_films_in_one_folder(alicante):
    (alicante / "images").mkdir()
    for film in sorted(alicante.glob("*/*.png")):
        film.rename(alicante / "images" / film.name)
        film.parent.rmdir()
    assert PadChest(alicante)[1].pixels.shape == (1, 64, 64)


def test_padchest_strange_labels(alicante):
    rewrite(alicante, Labels=["['cardiomegalia']"] * 3)
    with pytest.raises(UnknownNameError, match=r"label of padchest 'cardiomegalia'. Did you mean 'cardiomegaly'"):
        PadChest(alicante)
    rewrite(alicante, Labels=["['normal']", "normal", "['normal']"])
    with pytest.raises(CorpusError, match=r"row 3: Labels is no list such as \['normal'\]"):
        PadChest(alicante)


def test_padchest_places_of_sentences():
    cell = (
        "[nan, ['unchanged'], [], ['pneumonia', 'loc right', 'loc lower lobe'], ['pneumonia', 'loc left', 'loc right']]"
    )
    assert padchest.places_of(cell) == {"pneumonia": ("right", "lower lobe", "left")}
    assert padchest.places_of("['nodule', 'loc apical']") == {"nodule": ("apical",)}
    assert padchest.places_of("['normal']") == padchest.places_of("[]") == {}


# ---- COVIDx


def test_covidx_three_classes(tmp_path):
    root = Covidx.fake(tmp_path)
    for part, label in (("train", "normal"), ("val", "pneumonia"), ("test", "COVID-19")):
        text = (root / f"{part}.txt").read_text().split()
        (root / f"{part}.txt").write_text(" ".join([*text[:-2], label, text[-1]]))
    corpus = Covidx(root)
    assert {*corpus.findings} == {NORMAL, "pneumonia", "covid_19"}
    normal, pneumonia, covid = (study.labels for study in corpus.records)
    assert normal == {NORMAL: PRESENT, "pneumonia": ABSENT, "covid_19": ABSENT}
    assert pneumonia == {NORMAL: ABSENT, "pneumonia": PRESENT, "covid_19": ABSENT}
    assert covid == {NORMAL: ABSENT, "pneumonia": PRESENT, "covid_19": PRESENT}


def test_covidx_two_classes_say_nothing_but_covid(tmp_path):
    corpus = Covidx(Covidx.fake(tmp_path))
    assert corpus.findings == ("covid_19",)
    assert [study.presence("covid_19") for study in corpus.records] == [ABSENT, PRESENT, PRESENT]
    assert corpus.records[2].patient_id == "actmed/ANON24"
    assert corpus.records[2].image.name == "Figure 1.png"


def test_covidx_without_a_list_for_validation(tmp_path):
    root = Covidx.fake(tmp_path)
    (root / "val.txt").unlink()
    (root / "train.txt").write_text("".join(f"{i} {i}.png positive rsna\n" for i in range(1000)))
    sizes = Counter(study.split for study in Covidx(root, missing="later").records)
    assert 70 <= sizes["val"] <= 130  # 0.1 of 1000, and three standard errors
    assert sizes["train"] + sizes["val"] == 1000
    assert Covidx(root, missing="later", val_fraction=0).splits == ("train", "test")


def test_covidx_strange_lines_and_missing_lists(tmp_path):
    root = Covidx.fake(tmp_path)
    (root / "test.txt").write_text("1 a.png positive rsna\n2 b.png covid rsna\n3 c.png\n")
    with pytest.raises(CorpusError, match=r"test.txt: rows 2, 3 is not 'patient file class source' with a class of"):
        Covidx(root)
    for part in ("train", "test"):
        (root / f"{part}.txt").unlink()
    with pytest.raises(CorpusError, match=r"neither train.txt nor test.txt. Obtain from https://www.kaggle.com"):
        Covidx(root)


# ---- Open-I


@pytest.fixture
def indiana(tmp_path):
    return OpenI.fake(tmp_path)


def reindex(root, headings, tag="major"):
    """Give the first report (CXR1) these headings."""
    path = next((root / "ecgen-radiology").glob("1.xml"))
    start, _, rest = path.read_text().partition("<MeSH>")
    end = rest.partition("</MeSH>")[2]
    path.write_text(f"{start}<MeSH>{''.join(f'<{tag}>{h}</{tag}>' for h in headings)}</MeSH>{end}")


def first(corpus):
    return next(study for study in corpus.records if study.patient_id == "CXR1")


def present(study):
    return {concept for concept, presence in study.labels.items() if presence is PRESENT}


def test_open_i_headings_and_report(indiana):
    reindex(indiana, ["Thoracic Vertebrae/degenerative/mild", "Costophrenic Angle/left/blunted", "Lung/base", "nodule"])
    study = first(OpenI(indiana))
    assert present(study) == {"vertebral_degeneration", "costophrenic_angle_blunting", "nodule"}
    assert study.presence("pneumothorax") is study.presence(NORMAL) is ABSENT
    assert study.report == "A film of .\n\nAs described."
    reindex(indiana, ["No Indexing"])
    assert first(OpenI(indiana)).labels == {}
    reindex(indiana, ["Density/lung", "Cardiomegaly"])
    assert first(OpenI(indiana)).presence("lung_opacity") is UNLABELLED
    reindex(indiana, ["Sunstroke/mild"])
    with pytest.raises(CorpusError, match=r"'Sunstroke/mild' begins with no heading of .*open_i.yaml"):
        OpenI(indiana)


def test_open_i_terms_found_by_a_program(indiana):
    reindex(indiana, ["atelectases", "Rib Fractures", "right-sided pleural effusion", "Spine"], "automatic")
    assert present(first(OpenI(indiana, labels="automatic"))) == {"atelectasis", "fracture", "effusion", "lung_opacity"}
    assert _open_i_reports.concepts_in("subcutaneous emphysema") == {"subcutaneous_emphysema"}
    assert _open_i_reports.labelled_by("Spinal Fractures") == {"fracture"}  # the corpus labels no vertebral fracture


def test_open_i_views(indiana, tmp_path):
    films = {views: [s.study_id for s in OpenI(indiana, views=views).records] for views in ("one", "frontal", "all")}
    assert len(films["one"]) == len(films["frontal"]) == 3
    assert len(films["all"]) == 4
    two = [film for film in films["all"] if film.endswith("2001")]
    patient = two[0].split("_")[0]
    table = tmp_path / "views.csv"
    table.write_text(f"imageid,tsne-view\n{patient}_IM-0001-1001,L\n")
    corpus = OpenI(indiana, view_table=table)
    assert [s.study_id for s in corpus.records if s.patient_id == patient] == two  # the other film is a lateral one
    assert [s.metadata["view"] for s in OpenI(indiana, views="lateral", view_table=table).records] == ["L"]
    table.write_text("imageid,side\nCXR1_IM-0001-1001,L\n")
    with pytest.raises(CorpusError, match=r"none of the columns tsne-view, View Position, view, projection is there"):
        OpenI(indiana, view_table=table)


def test_open_i_as_dicom(indiana):
    from radz.data.corpora._corpus import write_film

    shutil.rmtree(indiana / "NLMCXR_png")
    for i, study in enumerate(OpenI(indiana, missing="later").records):
        name = study.study_id.removeprefix("CXR")
        write_film(indiana / name.partition("_")[0] / f"{name}.dcm", i)
    corpus = OpenI(indiana)
    assert {study.image.suffix for study in corpus.records} == {".dcm"}
    assert corpus[0].pixels.shape == (1, 64, 64)
    with pytest.raises(CorpusError, match=r"3 of 3 films are missing .*NLMCXR_png.tgz or NLMCXR_dcm.tgz.*CC BY-NC-ND"):
        OpenI(indiana, images="png")


def test_open_i_damaged_or_absent_reports(indiana):
    path = next((indiana / "ecgen-radiology").glob("1.xml"))
    path.write_text("<eCitation>")
    with pytest.raises(CorpusError, match=r"1.xml: is no report of Open-I \(ParseError\). Unpack the archive again"):
        OpenI(indiana)
    shutil.rmtree(indiana / "ecgen-radiology")
    with pytest.raises(CorpusError, match=r"no folder ecgen-radiology with reports. Obtain from https://openi.nlm"):
        OpenI(indiana)
