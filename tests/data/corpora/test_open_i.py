"""Open-I."""

from __future__ import annotations

import shutil
import tarfile
from collections import Counter

import pytest

from public_metadata import public_file
from radz.data.corpora.open_i import OpenI
from radz.errors import CorpusError
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


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


def test_headings_and_report(indiana):
    reindex(indiana, ["Thoracic Vertebrae/degenerative/mild", "Costophrenic Angle/left/blunted", "Lung/base", "nodule"])
    study = first(OpenI(indiana))
    assert present(study) == {"vertebral_degeneration", "costophrenic_angle_blunting", "nodule"}
    assert study.presence("pneumothorax") is study.presence(NORMAL) is ABSENT
    assert study.report == "An image of .\n\nAs described."
    reindex(indiana, ["No Indexing"])
    assert first(OpenI(indiana)).labels == {}
    reindex(indiana, ["Density/lung", "Cardiomegaly"])
    assert first(OpenI(indiana)).presence("lung_opacity") is UNLABELLED
    reindex(indiana, ["Sunstroke/mild"])
    with pytest.raises(CorpusError, match=r"'Sunstroke/mild' does not begin with a heading of .*open_i.yaml"):
        OpenI(indiana)


def test_terms_found_by_a_program(indiana):
    reindex(indiana, ["atelectases", "Rib Fractures", "right-sided pleural effusion", "Spine"], "automatic")
    assert present(first(OpenI(indiana, labels="automatic"))) == {"atelectasis", "fracture", "effusion", "lung_opacity"}


def test_views(indiana, tmp_path):
    images = {views: [s.study_id for s in OpenI(indiana, views=views).records] for views in ("one", "frontal", "all")}
    assert len(images["one"]) == len(images["frontal"]) == 3
    assert len(images["all"]) == 4
    two = [image for image in images["all"] if image.endswith("2001")]
    patient = two[0].split("_")[0]
    table = tmp_path / "views.csv"
    table.write_text(f"imageid,tsne-view\n{patient}_IM-0001-1001,L\n")
    corpus = OpenI(indiana, view_table=table)
    assert [s.study_id for s in corpus.records if s.patient_id == patient] == two  # the other image is a lateral one
    assert [s.metadata["view"] for s in OpenI(indiana, views="lateral", view_table=table).records] == ["L"]
    table.write_text("imageid,side\nCXR1_IM-0001-1001,L\n")
    with pytest.raises(CorpusError, match=r"holds none of the columns tsne-view, View Position, view, projection"):
        OpenI(indiana, view_table=table)


def test_as_dicom(indiana):
    from radz.data.corpora._fakes import write_radiograph

    shutil.rmtree(indiana / "NLMCXR_png")
    for i, study in enumerate(OpenI(indiana, missing="later").records):
        name = study.study_id.removeprefix("CXR")
        write_radiograph(indiana / name.partition("_")[0] / f"{name}.dcm", i)
    corpus = OpenI(indiana)
    assert {study.image.suffix for study in corpus.records} == {".dcm"}
    assert corpus[0].pixels.shape == (1, 64, 64)
    with pytest.raises(CorpusError, match=r"3 of 3 images are missing .*NLMCXR_png.tgz or NLMCXR_dcm.tgz.*CC BY-NC-ND"):
        OpenI(indiana, images="png")


def test_damaged_or_absent_reports(indiana):
    path = next((indiana / "ecgen-radiology").glob("1.xml"))
    path.write_text("<eCitation>")
    with pytest.raises(CorpusError, match=r"1.xml: is not a report of Open-I \(ParseError\). Unpack the archive again"):
        OpenI(indiana)
    shutil.rmtree(indiana / "ecgen-radiology")
    with pytest.raises(CorpusError, match=r"no folder ecgen-radiology with reports. Obtain from https://openi.nlm"):
        OpenI(indiana)


def counts(corpus, concept):
    marks = Counter(study.presence(concept) for study in corpus.records)
    return marks[Presence.PRESENT], marks[Presence.ABSENT], marks[Presence.UNCERTAIN]


def test_headings(tmp_path):
    with tarfile.open(public_file("NLMCXR_reports.tgz", tmp_path)) as archive:
        archive.extractall(tmp_path, [m for m in archive if m.name.endswith("7.xml")], filter="data")
    reports = [path.read_text(encoding="utf-8") for path in (tmp_path / "ecgen-radiology").glob("*.xml")]
    corpus = OpenI(tmp_path, views="all", missing="later")
    assert len(corpus) == sum(report.count("<parentImage ") for report in reports)
    assert len(reports) == 397  # about every tenth
    for heading, concept in (("normal", NORMAL), ("Scoliosis", "scoliosis"), ("Hernia, Hiatal", "hernia")):
        images = sum(report.count("<parentImage ") for report in reports if f"<major>{heading}" in report)
        assert counts(corpus, concept)[0] == images
