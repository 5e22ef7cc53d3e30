"""The checkpoint says what it has seen."""

from __future__ import annotations

from eval_fakes import FINDINGS, make_corpus
from radz.config import DataConfig
from radz.knowledge import KnowledgeBase
from radz.leakage.membership import pack_ids, unpack_ids
from radz.model.checkpoint import load_checkpoint
from radz.provenance import Provenance
from radz.training.data import TrainingData
from radz.training.run_provenance import describe_images
from radz.training.train import train
from radz.types import Study
from training_runs import run_config


def test_the_checkpoint_says_what_it_has_seen(manifest, llava_dir, tmp_path):
    data = {"corpus": "manifest", "root": str(manifest), "report_policy": "report", "options": {"unlisted": "absent"}}
    checkpoint = train(
        run_config(manifest, llava_dir, tmp_path, data=data, train={"max_steps": 1, "batch_size": 6}),
        command="radz train x",
    )
    provenance = load_checkpoint(checkpoint)[1]
    assert provenance.command == "radz train x"
    assert provenance.policies == {"unlisted": "absent"}
    assert provenance.studies == provenance.patients == 18
    assert provenance.supervised == {"effusion": 6, "mass": 6, "no_finding": 6}
    assert provenance.mentioned == {"effusion": 6, "mass": 6, "no_finding": 6}
    text = (checkpoint / "provenance.json").read_text()
    assert "There is" not in text
    assert str(manifest.parent) not in text


TEN = [Study(f"{i:08d}_000.png", str(i)) for i in range(10)]


def training_data(corpus, **settings) -> TrainingData:
    data = DataConfig(corpus="fake", root="somewhere", **settings)
    return TrainingData(data, 0, corpus, corpus.records, FINDINGS, None, None, KnowledgeBase.load())


def test_recorded_ids_pass_on_from_stage_to_stage():
    corpus, before = make_corpus(4, "train"), pack_ids(TEN, "chestxray14")
    start = Provenance(corpus="chestxray14", split="train", trained_ids=before)
    fields = describe_images(training_data(corpus), start)
    here = pack_ids(corpus.records, "fake")
    assert fields["corpora"] == ("chestxray14", "fake")
    assert unpack_ids(fields["trained_ids"]) == unpack_ids(before) | unpack_ids(here)
    assert describe_images(training_data(corpus), None)["trained_ids"] == here
    assert describe_images(training_data(corpus, record_ids=False), None)["trained_ids"] == ""


def test_a_stage_after_an_unrecorded_one_is_not_recorded():
    start = Provenance(corpus="chestxray14", split="train")
    fields = describe_images(training_data(make_corpus(4, "train")), start)
    assert fields == {"corpora": ("chestxray14", "fake"), "trained_ids": ""}
