"""For each gate a fault is planted in sound data, in files where there are files, and the refusal is seen."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from eval_fakes import make_table
from radz import registry
from radz.data.check import check
from radz.data.splits import split_hash
from radz.errors import CalibrationError, LeakageError, ScoresError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.leakage.claims import Claim, check_claim
from radz.leakage.exposure import exposure
from radz.leakage.membership import pack_ids
from radz.leakage.overlap import find_overlap
from radz.metrics.ranking import auroc
from radz.metrics.scores_file import ScoresProvenance, check_rows, read_scores, write_scores
from radz.metrics.thresholds import Thresholds, fit_thresholds, read_thresholds, write_thresholds
from radz.provenance import Provenance, describe_data
from radz.storage import SEAL
from radz.types import Study

LABELS = np.tile([1.0, 0.0], 20)
SCORES = np.linspace(0, 1, 40)


@pytest.fixture
def nih(tmp_path):
    """A sound ChestX-ray14 of three films, and its class."""
    plugin = registry.load("corpora", "chestxray14")
    return plugin, plugin.fake(tmp_path)


def taught(corpus, **changes):
    """What a model knows of itself that was trained on ``corpus``, as training writes it."""
    described = describe_data(corpus.records) | {"met": pack_ids(corpus.records, corpus.name)} | changes
    return Provenance(corpus=corpus.name, split="train", **described)


def zero_shot_run(model, corpus, findings):
    """The gate of a run that is called zero-shot, over the corpus's own records."""
    knowledge = KnowledgeBase.load()
    marks = {name: exposure(knowledge[name], model, knowledge).value for name in findings}
    shared = tuple(find_overlap(model, corpus.name, corpus.records).lines())
    provenance = ScoresProvenance("m", exposure=marks, overlap=shared, overlap_checked=True)
    return check_claim(provenance, Claim(zero_shot=True))


def test_leakage_of_a_label(nih):
    plugin, root = nih
    model, test = taught(plugin(root, "train")), plugin(root, "test")
    assert zero_shot_run(model, test, ["pneumothorax"]).claim == "zero-shot"
    with pytest.raises(LeakageError, match=r"Not a zero-shot evaluation of 'm': nodule \(supervised\)\. Leave"):
        zero_shot_run(model, test, ["pneumothorax", "nodule"])


def test_leakage_of_a_film(nih):
    plugin, root = nih
    model = taught(plugin(root, "train"))
    with pytest.raises(LeakageError, match=r"1 of 1 studies have an image in the training data; 1 of 1 studies have a"):
        zero_shot_run(model, plugin(root, "train"), ["pneumothorax"])


def test_leakage_of_a_patient_through_another_split(nih):
    plugin, root = nih
    model = taught(plugin(root, "train"))
    again = replace(plugin(root, "train").records[0], study_id="another film of the patient.png", image=None)
    overlap = find_overlap(model, plugin.name, [again])
    assert (overlap.images, overlap.patients) == (0, 1)


def test_overlap_of_corpora(nih, tmp_path):
    plugin, root = nih
    model = taught(plugin(root, "train"))
    rsna = type("Rsna", (), {"name": "rsna", "records": [Study("5f3a", "5f3a")]})
    with pytest.raises(LeakageError, match=r"all films of the RSNA challenge are ChestX-ray14 films"):
        zero_shot_run(model, rsna, ["pneumothorax"])
    mimic = type("Mimic", (), {"name": "mimic_cxr", "records": [Study("5f3a", "5f3a")]})
    assert zero_shot_run(model, mimic, ["pneumothorax"]).claim == "zero-shot"


def test_patient_in_two_splits(nih):
    plugin, root = nih
    train, test = (plugin(root, split).records[0] for split in ("train", "test"))
    entries = root / "Data_Entry_2017_v2020.csv"
    sound = entries.read_text()
    planted = sound.replace(f",{test.patient_id},57", f",{train.patient_id},57")
    assert planted != sound
    entries.write_text(planted)
    with pytest.raises(LeakageError, match=r"chestxray14: 1 patient is in more than one split .*rows 2, 4"):
        plugin(root)
    checked = check("chestxray14", root, compare_images=False)
    assert [(fault.kind, fault.serious) for fault in checked.faults] == [("patients", True)]


def test_threshold_from_test(tmp_path):
    table = make_table(SCORES, LABELS)
    validated = replace(table, provenance=replace(table.provenance, split="val", corpus="c"))
    tested = replace(table, provenance=replace(table.provenance, split="test", corpus="c"))
    with pytest.raises(LeakageError, match="Thresholds cannot be chosen on split 'test'"):
        fit_thresholds(tested)
    sound = fit_thresholds(validated)
    with pytest.raises(LeakageError, match="cannot be chosen on split 'test'"):
        Thresholds(**{**sound.model_dump(), "split": "test"})
    with pytest.raises(LeakageError, match="would be tuned on its own studies"):
        sound.require_fit(validated.provenance)
    path = tmp_path / "thresholds.json"
    write_thresholds(sound, path)
    path.write_text(path.read_text().replace('"val"', '"test"'))
    with pytest.raises(CalibrationError, match="its content does not match its hash"):
        read_thresholds(path)
    unsealed = {name: value for name, value in json.loads(path.read_text()).items() if name != SEAL}
    path.write_text(json.dumps(unsealed))  # as a file of radz 0.1, which has no hash
    with pytest.raises(LeakageError, match="cannot be chosen on split 'test'"):
        read_thresholds(path)


def test_nan_label(nih, tmp_path):
    table = make_table(SCORES, LABELS)
    rows = table.rows.copy()
    rows.loc[3, "label"] = None
    with pytest.raises(ScoresError, match=r"1 row\(s\) have a label other than 1 for present, 0 for absent"):
        check_rows(rows, "scores")
    write_scores(table, tmp_path / "s.parquet")
    sound = read_scores(tmp_path / "s.parquet").rows
    uncertain = make_table(SCORES, np.where(np.arange(40) == 3, np.nan, LABELS)).rows
    assert auroc(uncertain["score"], uncertain["label"].astype(float)) == auroc(
        sound["score"].drop(3), sound["label"].drop(3).astype(float)
    ), "a NaN that says it is uncertain takes no part"
    plugin, root = nih
    entries = root / "Data_Entry_2017_v2020.csv"
    entries.write_text(entries.read_text().replace("Mass|Nodule", "nan"))
    with pytest.raises(UnknownNameError, match="'nan'"):
        plugin(root)


def test_another_split_of_the_same_films_has_another_hash(nih):
    plugin, root = nih
    whole = plugin(root).records
    assert split_hash(whole) != split_hash([replace(whole[0], split="test"), *whole[1:]])
