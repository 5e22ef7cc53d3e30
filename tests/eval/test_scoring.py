"""One scorer: each image is read and encoded once, answers are checked, exposure and overlap are always recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from eval_fakes import FINDINGS, Brightness, make_anchors, make_corpus, score_corpus
from radz.data.target import Target
from radz.errors import ImageError, LeakageError, ScoresError
from radz.eval.entry import Entry, EvaluationSet
from radz.eval.scoring import score, stratum
from radz.leakage.claims import Claim
from radz.leakage.membership import pack_ids
from radz.metrics.scores_file import LABEL_ONLY, ScoresTable
from radz.metrics.summary import summarise
from radz.provenance import Provenance
from radz.types import NORMAL, Exposure, ImageFeatures, Presence, Scores


@pytest.fixture
def table() -> ScoresTable:
    return score_corpus(Brightness(), make_corpus(120), make_anchors())


class Answering:
    """A model that answers with what ``answer(scores)`` makes of right scores."""

    name = "answering"

    def __init__(self, answer):
        self.answer = answer

    def score(self, studies, anchors):
        return self.answer(Brightness().score(studies, anchors))


def test_every_study_and_disease_has_one_row_in_order(table):
    corpus = make_corpus(120)
    assert table.rows["study"].unique().tolist() == [s.study_id for s in corpus.studies]
    assert table.rows["concept"].tolist() == list(FINDINGS) * 120
    assert table.provenance.model == "brightness"
    assert table.provenance.strata == ("source", "view")
    first = table.rows.iloc[0]
    assert first["score"] == np.float32(corpus.studies[0].pixels.mean() * len("cardiomegaly"))
    assert first["stratum"] == "source=ward|view=", "missing metadata is a stratum of its own"


def test_labels_keep_what_the_corpus_says(table):
    corpus = make_corpus(120)
    for study in corpus.studies[:20]:
        rows = table.rows[table.rows["study"] == study.study_id]
        assert rows["presence"].tolist() == [study.presence(f).value for f in FINDINGS]
    uncertain = table.rows[table.rows["presence"] == "uncertain"]
    assert len(uncertain) > 0
    assert uncertain["label"].isna().all()


def test_findings_that_are_not_scored_still_say_which_studies_are_abnormal(table):
    corpus = make_corpus(120)
    alone = score_corpus(Brightness(), corpus, make_anchors(["effusion"]))
    assert alone.concepts == ("effusion",)
    bare = alone.rows[alone.rows["note"] == LABEL_ONLY]
    expected = {
        (study.study_id, finding)
        for study in corpus.studies
        for finding in ("cardiomegaly", "pneumothorax")
        if study.labels[finding] is Presence.PRESENT
    }
    assert set(zip(bare["study"], bare["concept"], strict=True)) == expected
    assert bare["score"].isna().all()
    (among_all,) = (f for f in summarise(table, draws=5).findings if f.concept == "effusion")
    (finding,) = summarise(alone, draws=5).findings
    assert finding.auroc_abnormal.value == among_all.auroc_abnormal.value
    assert finding.negatives_abnormal == among_all.negatives_abnormal > 0


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_batch_size_does_not_matter(table, batch_size):
    other = score_corpus(Brightness(), make_corpus(120), make_anchors(), batch_size=batch_size)
    pd.testing.assert_frame_equal(other.rows, table.rows)


def test_an_unreadable_image_is_listed_and_the_run_goes_on():
    done = []
    corpus = make_corpus(20, unreadable=["test-003", "test-019"])
    table = score_corpus(Brightness(), corpus, make_anchors(), batch_size=4, progress=done.append)
    assert table.provenance.unreadable == {
        "test-003": "test-003.png is not an image",
        "test-019": "test-019.png is not an image",
    }
    assert table.rows["study"].nunique() == 18
    assert sum(done) == 20


def test_a_listed_reason_does_not_say_where_files_lie(tmp_path):
    def refuse(index):
        raise ImageError(f"{tmp_path / 'a.png'}: not an image")

    corpus = make_corpus(2)
    corpus.studies[1] = replace(corpus.studies[1], image=tmp_path / "a.png")
    read = type(corpus).__getitem__
    broken = type("Broken", (type(corpus),), {"__getitem__": lambda self, i: refuse(i) if i else read(self, i)})
    table = score_corpus(Brightness(), broken(corpus.studies), make_anchors())
    assert table.provenance.unreadable == {"test-001": "a.png: not an image"}


def test_a_study_without_image_is_listed():
    corpus = make_corpus(4)
    corpus.studies[2] = replace(corpus.studies[2], pixels=None)
    table = score_corpus(Brightness(), corpus, make_anchors())
    assert table.provenance.unreadable == {"test-002": "the study has no image"}


def test_a_corpus_of_unreadable_images_is_an_error():
    with pytest.raises(ScoresError, match=r"None of the 2 images could be read\. First: test-000\.png"):
        score_corpus(Brightness(), make_corpus(2, unreadable=["test-000", "test-001"]), make_anchors())
    with pytest.raises(ScoresError, match="holds no study in this split"):
        score_corpus(Brightness(), make_corpus(0), make_anchors())


def test_a_model_never_sees_labels_or_reports():
    model = Brightness()
    score_corpus(model, make_corpus(10), make_anchors())
    assert len(model.seen) == 10
    assert all(not study.labels and study.report is None for study in model.seen)


def test_normal_is_an_anchor_and_never_scored():
    corpus = replace(make_corpus(40), findings=(*FINDINGS, NORMAL))
    table = score_corpus(Brightness(), corpus, make_anchors((NORMAL, *FINDINGS)))
    assert set(table.concepts) == set(FINDINGS)
    with pytest.raises(ScoresError, match="an empty list of findings"):
        score_corpus(Brightness(), corpus, make_anchors((NORMAL,)))


def test_a_finding_without_labels_is_refused_by_name():
    with pytest.raises(ScoresError, match=r"No labels to evaluate hernia with. This corpus labels cardiomegaly, eff"):
        score_corpus(Brightness(), make_corpus(4), make_anchors(("effusion", "hernia")))


BAD_ANSWERS = {
    "order of studies": lambda s: replace(s, study_ids=s.study_ids[::-1]),
    "order of concepts": lambda s: replace(s, concepts=s.concepts[::-1]),
    "shape": lambda s: replace(s, values=s.values.T),
}


@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_an_answer_that_is_not_what_was_asked_is_refused(fault):
    with pytest.raises(ScoresError, match="'answering' was asked for 16 studies x 3 concepts"):
        score_corpus(Answering(BAD_ANSWERS[fault]), make_corpus(16), make_anchors())


def without_one(scores: Scores, notes) -> Scores:
    values = scores.values.copy()
    values[0, 1] = np.nan
    return replace(scores, values=values, notes=notes)


def test_a_missing_score_needs_a_reason_and_is_counted():
    with pytest.raises(ScoresError, match="no score for 'effusion' in one of 16 studies and no reason"):
        score_corpus(Answering(lambda s: without_one(s, {})), make_corpus(16), make_anchors())
    model = Answering(lambda s: without_one(s, {s.study_ids[0]: "rotated"}))
    table = score_corpus(model, make_corpus(40), make_anchors(), batch_size=8)
    assert table.rows.loc[1, "note"] == "rotated"
    effusion = next(f for f in summarise(table, draws=20).findings if f.concept == "effusion")
    missing = table.rows[table.rows["score"].isna()]
    assert effusion.unscored == missing["label"].notna().sum() > 0


def test_stratum_keys_are_an_option():
    study = make_corpus(2).studies[1]
    assert stratum(study, ("view", "source")) == "view=PA|source=clinic"
    assert stratum(study, ()) == ""


# --- several entries


class TwoSteps:
    """The mean of the image is its feature; counts the images that it encodes."""

    name = "two steps"

    def __init__(self):
        self.encoded = 0

    def encode(self, studies):
        self.encoded += len(studies)
        rows = torch.tensor([[float(study.pixels.mean())] for study in studies])
        return ImageFeatures(tuple(study.study_id for study in studies), rows)

    def similarity(self, features, anchors):
        return Scores(features.study_ids, anchors.concepts, (features.embedding @ anchors.positive[:, :1].T).numpy())

    def score(self, studies, anchors):
        raise AssertionError("a model that encodes is not asked to score")


def images_of(corpus, name="fake", split="test"):
    return EvaluationSet(Target(name, "", split), corpus)


def test_several_models_read_each_image_once():
    corpus = make_corpus(20)
    entries = [Entry(name, Brightness(), make_anchors()) for name in "ab"]
    tables = score(entries, images_of(corpus)).tables
    assert sorted(corpus.reads) == [s.study_id for s in corpus.studies]
    assert [table.provenance.model for table in tables.values()] == ["a", "b"]


def test_entries_that_share_an_encoding_encode_each_image_once():
    model, first = TwoSteps(), make_anchors()
    second = replace(first, positive=first.positive.flip(0))
    entries = [Entry("a", model, first), Entry("b", model, second)]
    scored = score(entries, images_of(make_corpus(20)), batch_size=8, keep_features=True)
    assert model.encoded == 20
    assert len(scored.features["a"]) == 20
    for entry in entries:
        alone = score([replace(entry, model=TwoSteps())], images_of(make_corpus(20))).tables[entry.name]
        np.testing.assert_array_equal(scored.tables[entry.name].rows["score"], alone.rows["score"])
    assert not score(entries, images_of(make_corpus(4))).features, "features are kept where asked for only"


# --- leaks


def trained(records, corpus="fake", **changes):
    return Provenance(corpus=corpus, split="train", trained_ids=pack_ids(records, corpus), **changes)


def entry(trained_on, mark=Exposure.UNSEEN):
    return Entry("ours", Brightness(), make_anchors(), trained_on, dict.fromkeys(FINDINGS, mark), "0123")


def test_exposure_and_overlap_are_recorded_whoever_asks():
    corpus = make_corpus(10)
    provenance = score([entry(trained(corpus.records[:4]))], images_of(corpus)).tables["ours"].provenance
    assert provenance.exposure == dict.fromkeys(FINDINGS, "unseen")
    assert provenance.overlap == (
        "4 of 10 studies have an image in the training data",
        "4 of 10 studies have a patient in the training data",
    )
    assert provenance.overlap_checked
    clean = score([entry(trained(make_corpus(3, "train").records))], images_of(corpus)).tables["ours"].provenance
    assert (clean.overlap, clean.overlap_checked) == ((), True)


def test_overlap_counts_as_checked_only_where_it_could_be_told():
    corpus, silent = make_corpus(4), Provenance(corpus="chestxray14", split="train")
    checked = {
        name: score([entry(silent)], images_of(corpus, name)).tables["ours"].provenance.overlap_checked
        for name in ("fake", "manifest", "chestxray14")
    }
    assert checked == {"fake": True, "manifest": False, "chestxray14": False}
    stranger = Entry("clip", Brightness(), make_anchors())
    assert not score([stranger], images_of(corpus)).tables["clip"].provenance.overlap_checked


def test_a_claim_is_refused_before_an_image_is_read():
    corpus = make_corpus(10)
    with pytest.raises(LeakageError, match="4 of 10 studies have an image in the training data"):
        score([entry(trained(corpus.records[:4]))], images_of(corpus), claim=Claim(zero_shot=True))
    with pytest.raises(LeakageError, match=r"cardiomegaly \(related\)"):
        score([entry(trained([]), Exposure.RELATED)], images_of(corpus), claim=Claim(zero_shot=True))
    assert corpus.reads == []
    allowed = Claim(zero_shot=True, allow_supervised=True)
    provenance = score([entry(trained(corpus.records[:4]))], images_of(corpus), claim=allowed).tables["ours"].provenance
    assert provenance.claim == "supervised"


def test_a_split_that_the_training_did_not_leave_out_is_refused():
    of_fold = Provenance(corpus="fake", split="train", fold="1/3")
    with pytest.raises(LeakageError, match="Give the fold 1/3"):
        score([entry(of_fold)], images_of(make_corpus(4, "val"), split="val"))
