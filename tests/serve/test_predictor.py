"""From paths to ranked findings."""

from __future__ import annotations

import numpy as np
import pytest

import radz
from opened_files import opened_files
from radz.data.corpora._fakes import write_radiograph
from radz.errors import CheckpointError, ImageError, KnowledgeError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.model.checkpoint import save_checkpoint
from radz.provenance import Provenance
from radz.serve.predictor import Predictor
from radz.types import NORMAL, Exposure, Scores
from tiny import tiny_model


@pytest.fixture(scope="module")
def predictor(tiny_checkpoint) -> Predictor:
    return radz.load(tiny_checkpoint)


def test_one_line_each(predictor, image_folder):
    result = predictor.predict(image_folder / "0.png")
    assert result.error is None
    assert {f.name for f in result.findings} == set(predictor.default_findings)
    assert NORMAL not in predictor.default_findings
    scores = [f.score for f in result.findings]
    assert scores == sorted(scores, reverse=True)
    assert len(result.top(3)) == 3


def test_the_default_list_is_what_is_usual_what_was_trained_and_what_the_user_added(
    tiny_checkpoint, tmp_path, llava_dir
):
    usual = [c.id for c in KnowledgeBase.load() if c.default]
    assert len(usual) == 19
    assert list(radz.load(tiny_checkpoint).default_findings) == usual
    added = tmp_path / "added.yaml"
    added.write_text("silicosis: {name: silicosis}\nmass: {name: big mass}\n")
    assert {*radz.load(tiny_checkpoint, findings=[added]).default_findings} == {*usual, "silicosis"}
    trained = Provenance(corpus="x", split="train", supervised={"no_finding": 1, "pacemaker": 2})
    save_checkpoint(tiny_model(llava_dir), tmp_path / "trained", trained)
    assert {*radz.load(tmp_path / "trained").default_findings} == {*usual, "pacemaker"}
    ct = Provenance(corpus="x", split="train", supervised={"liver_lesion_on_ct": 1}, modality="ct", body_part="abdomen")
    save_checkpoint(tiny_model(llava_dir), tmp_path / "ct", ct)
    assert radz.load(tmp_path / "ct").default_findings == ("liver_lesion_on_ct",)


def test_all_and_groups_of_what_the_model_can_see(predictor):
    everything = predictor.anchors(["all"]).concepts
    assert {"pacemaker", "bronchiectasis", "mass"} <= {*everything}
    assert {NORMAL, "hand", "radiograph", "glioma", "liver_lesion_on_ct"}.isdisjoint(everything)
    infectious = predictor.anchors(["group:infectious"]).concepts
    assert {"pneumonia", "empyema"} <= {*infectious} < {*everything}
    assert predictor.anchors(["mass", "group:infectious", "neumonía"]).concepts == ("mass", *infectious)
    with pytest.raises(UnknownNameError, match="Unknown disease group 'viral'"):
        predictor.anchors(["group:viral"])


def test_no_probability_without_calibration_and_a_reason(predictor, image_folder):
    for finding in predictor.predict(image_folder / "0.png").findings:
        assert finding.probability is None
        assert "no calibration" in finding.note


def test_every_finding_carries_its_exposure(predictor, image_folder):
    marks = {f.name: f.exposure for f in predictor.predict(image_folder / "0.png").findings}
    assert marks["pneumonia"] is Exposure.SUPERVISED
    assert marks["covid_19"] is Exposure.RELATED
    assert marks["fracture"] is Exposure.UNSEEN


def test_a_parent_is_shown_no_lower_than_its_child(predictor, image_folder, monkeypatch):
    answer = Scores(("0.png",), ("pneumonia", "viral_pneumonia"), np.float32([[0.25, 0.5]]))
    monkeypatch.setattr(predictor.model, "similarity", lambda features, anchors: answer)
    findings = predictor.predict(image_folder / "0.png", ["pneumonia", "viral_pneumonia"]).findings
    assert {f.name: f.score for f in findings} == {"pneumonia": 0.5, "viral_pneumonia": 0.5}


def test_a_new_disease_needs_a_description_only(predictor, image_folder):
    (finding,) = predictor.predict(image_folder / "0.png", ["melorheostosis: flowing cortical bone"]).findings
    assert (finding.name, finding.exposure) == ("melorheostosis", Exposure.UNSEEN)
    assert np.isfinite(finding.score)


def test_score_does_not_depend_on_the_other_findings_or_images(predictor, image_folder):
    films = sorted(image_folder.glob("?.png"))
    alone = {f.name: f.score for f in predictor.predict(films[1]).findings}
    (some,) = predictor.predict(films[1], ["mass"]).findings
    assert some.score == pytest.approx(alone["mass"], abs=1e-6)
    batched = predictor.predict(films)
    assert {f.name: f.score for f in batched[1].findings} == pytest.approx(alone, abs=1e-6)  # measured: 5e-8


def test_a_bad_image_raises_alone_and_is_listed_in_a_batch(predictor, image_folder):
    with pytest.raises(ImageError):
        predictor.predict(image_folder / "cut.png")
    good, bad = predictor.predict([image_folder / "0.png", image_folder / "cut.png"])
    assert good.findings
    assert not bad.findings
    assert "cut.png" in bad.error


def test_anchors_are_encoded_once(predictor, image_folder, monkeypatch):
    predictor.predict(image_folder / "0.png", ["mass"])
    monkeypatch.setattr(predictor.model, "encode_text", lambda _: pytest.fail("encoded again"))
    predictor.predict(image_folder / "1.png", ["mass"])


def test_one_forward_per_image_whatever_the_number_of_concepts(predictor, image_folder, monkeypatch):
    many = [f"disease {i}: sign {i}" for i in range(50)]
    predictor.anchors(many)
    calls = []
    model = predictor.model.model
    read = model.read_image
    monkeypatch.setattr(model, "read_image", lambda batch: calls.append(len(batch)) or read(batch))
    assert len(predictor.predict(image_folder / "0.png", many).findings) == 50
    assert calls == [1]


def test_an_unknown_finding_is_answered_with_the_nearest(predictor, image_folder):
    with pytest.raises(UnknownNameError, match="Did you mean 'mass'"):
        predictor.predict(image_folder / "0.png", ["mas"])


def test_two_findings_of_one_name_are_refused(predictor):
    with pytest.raises(KnowledgeError, match="Two findings are called 'mass' and differ"):
        predictor.anchors(["mass", "mass: something else"])
    assert predictor.anchors(["mass", "Mass"]).concepts == ("mass",)


def test_a_directory_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        radz.load(tmp_path)


def test_a_dicom_file_is_opened_once(predictor, tmp_path):
    pytest.importorskip("pydicom")
    paths = [tmp_path / f"{i}.dcm" for i in range(3)]
    for seed, path in enumerate(paths):
        write_radiograph(path, seed)
    with opened_files() as opened:
        assert all(result.findings for result in predictor.predict(paths))
        assert predictor.predict(paths[0], ["mass"]).findings
    assert [opened.count(str(path)) for path in paths] == [2, 1, 1]
