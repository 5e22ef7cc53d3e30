"""Concepts held out of training: training sees nothing of them, and provenance says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from radz import registry
from radz.config import RunConfig, build_config
from radz.data.views.held_out import ReportCutter, WithoutConcepts, held_ids, normal_texts
from radz.errors import LeakageError, UnknownNameError
from radz.knowledge import Concept, KnowledgeBase, fold
from radz.leakage.exposure import exposure, mentions
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.training.data import open_training_data, text_writer
from radz.training.train import train
from radz.types import NORMAL, Exposure, Presence, Study

LABELS = ("Effusion", "Mass", "Mass;Effusion", "No Finding")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    """Sixteen images, four of each of four label sets; half of them show an effusion."""
    root = tmp_path_factory.mktemp("images")
    lines = ["image,report,labels,patient,split"]
    for i in range(16):
        image = np.zeros((32, 32), dtype=np.uint8)
        image[i] = 200  # one bright row, one per image
        Image.fromarray(image).save(root / f"{i}.png")
        lines.append(f"{i}.png,A mass. No pleural effusion. Heart size is normal.,{LABELS[i % 4]},p{i},train")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root / "manifest.csv"


def config(manifest: Path, llava_dir: Path, output: Path, **data) -> RunConfig:
    tree = {
        "output": str(output),
        "data": {"corpus": "manifest", "root": str(manifest), "options": {"unlisted": "absent"}, **data},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2}},
        "warmup": {"epochs": 1, "batch_size": 4},
        "train": {"batch_size": 4, "epochs": 1, "dtype": "float32"},
    }
    return build_config(RunConfig, tree)


def open_data(settings: RunConfig):
    return open_training_data(settings.data, settings.seed)


def test_images_labels_and_sentences_of_a_held_concept_are_gone(manifest, llava_dir, tmp_path):
    data = open_data(config(manifest, llava_dir, tmp_path, held_out=["effusion"]))
    names = {fold(name) for name in KnowledgeBase.load()["effusion"].names}
    assert len(data.records) == 8  # of 16, half show one
    assert "effusion" not in data.concepts
    assert not any("effusion" in study.labels for study in data.records)
    texts = [data.write_text(study, epoch) for study in data.records for epoch in range(50)]
    assert not any(mentions(fold(text), names) for text in texts)
    everything = open_data(config(manifest, llava_dir, tmp_path))
    texts = [everything.write_text(study, epoch) for study in everything.records for epoch in range(50)]
    assert any(mentions(fold(text), names) for text in texts)  # the check above can fail


def test_an_image_keeps_its_own_pixels(manifest):
    corpus = registry.load("corpora", "manifest")(manifest, split="train", unlisted="absent")
    kept = WithoutConcepts(corpus, frozenset({"effusion"}), KnowledgeBase.load(), reports=False)
    for study in kept[:]:
        assert study.pixels[0].sum(1).argmax() == int(Path(study.image).stem)


def test_narrower_forms_go_along_and_so_does_what_names_them():
    knowledge = KnowledgeBase.load()
    held = held_ids(["pneumonia"], ["pneumonia", "mass"], knowledge)
    assert {"pneumonia", "bacterial_pneumonia", "viral_pneumonia"} <= held
    assert "pneumonia" in knowledge["consolidation"].context
    left = knowledge.without(held)
    assert not held & {concept.id for concept in left}
    texts = fold(" . ".join(str(concept.model_dump(exclude={"id"})) for concept in left))
    assert not mentions(texts, ["pneumonia"])


def test_reports_lose_what_they_say_of_it_denials_included():
    cut = ReportCutter(frozenset({"cardiomegaly", "effusion"}), KnowledgeBase.load())
    report = "The heart size is normal. No pleural effusion. There is a mass."
    assert cut(report) == "There is a mass."
    assert cut("There is a mass. Pleural effusion on the left.") is None
    assert cut("No pleural effusion.") is None
    assert cut("Sharp costophrenic angles. Clear lungs.") == "Clear lungs."  # denied without its name


def test_real_reports_are_cut_in_training(manifest, llava_dir, tmp_path):
    settings = config(manifest, llava_dir, tmp_path, held_out=["effusion"], report_policy="report")
    data = open_data(settings)
    assert {data.write_text(study, 0) for study in data.records} == {"A mass. Heart size is normal."}


def test_what_cannot_be_held_out_is_refused():
    knowledge = KnowledgeBase.load()
    with pytest.raises(UnknownNameError, match="finding of this corpus to hold out 'hernia'"):
        held_ids(["hernia"], ["mass"], knowledge)
    mediastinal = Concept(id="mediastinal_mass", name="mediastinal mass")
    with pytest.raises(LeakageError, match=r"'mediastinal mass' would be trained .* \(mass\)"):
        held_ids(["mass"], ["mass", "mediastinal_mass"], KnowledgeBase([*knowledge, mediastinal]))


def test_the_model_has_not_met_it_and_says_so(manifest, llava_dir, tmp_path):
    checkpoint = train(config(manifest, llava_dir, tmp_path / "run", held_out=["effusion"]))
    _, provenance = load_checkpoint(checkpoint, str(llava_dir))
    knowledge = KnowledgeBase.load()
    assert {"effusion", "empyema"} <= {*provenance.held_out} == held_ids(["effusion"], ["effusion"], knowledge)
    assert "effusion" not in provenance.supervised
    assert exposure(knowledge["effusion"], provenance, knowledge) is Exposure.UNSEEN
    assert exposure(knowledge["mass"], provenance, knowledge) is Exposure.SUPERVISED
    assert load_tower_head(checkpoint).concepts == (NORMAL, "mass")


def test_a_start_that_has_met_it_is_refused(manifest, llava_dir, tmp_path):
    first = train(config(manifest, llava_dir, tmp_path / "first"))
    second = config(manifest, llava_dir, tmp_path / "second", held_out=["effusion"])
    with pytest.raises(LeakageError, match=r"has seen findings that are to be held out: effusion \(supervised\)"):
        train(second.model_copy(update={"start": first, "warmup": None}))


@pytest.mark.parametrize("held", [["cardiomegaly"], []])
def test_no_sentence_written_of_a_normal_image_denies_it(manifest, llava_dir, tmp_path, held):
    normal = Study("s", "p", labels={"no_finding": Presence.PRESENT})
    knowledge = KnowledgeBase.load()
    settings = config(manifest, llava_dir, tmp_path, text_variants=8).data
    write = text_writer(settings, WithoutLabels, 0, knowledge, normal_texts(frozenset(held)))
    hearts = [text for text in (write(normal, epoch) for epoch in range(100)) if "heart" in text.lower()]
    assert bool(hearts) is not bool(held)


class WithoutLabels:
    findings = ("no_finding",)


@pytest.mark.parametrize("concept", [c.id for c in KnowledgeBase.load() if c.default])
def test_something_can_be_said_of_a_normal_image_whatever_is_held_out(concept):
    assert normal_texts(frozenset({concept}))


def test_another_run_is_not_taken_up(manifest, llava_dir, tmp_path):
    (tmp_path / "config.yaml").write_text("data: {held_out: [mass]}\n", encoding="utf-8")
    with pytest.raises(LeakageError, match=r"with data.held_out \['mass'\], and this one has \['effusion'\]"):
        train(config(manifest, llava_dir, tmp_path, held_out=["effusion"]))


def test_absent_labels_do_not_drop_an_image(manifest):
    corpus = registry.load("corpora", "manifest")(manifest, split="train", unlisted="absent")
    assert {s.presence("effusion") for s in corpus.records} == {Presence.PRESENT, Presence.ABSENT}
    kept = WithoutConcepts(corpus, frozenset({"effusion"}), KnowledgeBase.load(), reports=False)
    assert len(kept) == 8
