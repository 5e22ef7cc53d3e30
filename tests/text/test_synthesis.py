"""Sentences from labels: functions of (seed, epoch, study), true to the labels."""

from __future__ import annotations

from radz.anchors.names import denial
from radz.anchors.rules import denials, statements
from radz.knowledge import KnowledgeBase
from radz.text import synthesis as sentences
from radz.text.synthesis import write_report
from radz.types import NORMAL, Presence, Study

KNOWLEDGE = KnowledgeBase.load()
NAMES = {c: KNOWLEDGE[c].names for c in ("effusion", "mass", "nodule", NORMAL)}
P, A = Presence.PRESENT, Presence.ABSENT
SICK = Study("s", "p", labels={"effusion": P, "mass": P, "nodule": A, NORMAL: A})
HEALTHY = Study("h", "q", labels={"effusion": A, "mass": A, "nodule": A, NORMAL: P})


def written(study, policy="varied", variants=8, seed=0, epochs=60):
    return [
        write_report(study, NAMES, policy=policy, variants=variants, seed=seed, epoch=epoch) for epoch in range(epochs)
    ]


def test_every_present_finding_is_named_under_one_of_its_names():
    for text in written(SICK):
        assert any(name.lower() in text.lower() for name in NAMES["effusion"])
        assert any(name.lower() in text.lower() for name in NAMES["mass"])


def test_only_what_is_absent_is_denied_and_only_where_the_policy_says_so():
    assert any("nodule" in text for text in written(SICK))
    assert not any("nodule" in text for text in written(SICK, "positives"))
    denied = [text.split(". ")[-1] for text in written(SICK) if "nodule" in text]
    assert not any("mass" in text or "effusion" in text for text in denied)


def test_a_normal_film_is_called_normal_and_an_unlabelled_one_nothing():
    assert set(written(HEALTHY)) <= set(sentences.NORMAL_TEXT)
    assert set(written(Study("u", "r"))) == {sentences.UNLABELLED_TEXT}


def test_texts_repeat_exactly_and_vary_with_seed_and_epoch():
    assert written(SICK) == written(SICK)
    assert written(SICK) != written(SICK, seed=1)
    assert len(set(written(SICK))) > 5
    assert len(set(written(HEALTHY, variants=2))) == 2


def test_no_corpus_label_stands_in_a_sentence():
    study = Study("s", "p", labels={"pleural_thickening": P})
    names = {"pleural_thickening": KNOWLEDGE["pleural_thickening"].names}
    assert not any(
        "_" in write_report(study, names, policy="positives", variants=8, seed=0, epoch=epoch) for epoch in range(40)
    )


def test_evaluation_templates_are_held_out_from_training():
    training = {t.format(findings="pleural effusion").lower() for t in (*sentences.POSITIVE, *sentences.NEGATIVE)}
    concept = KNOWLEDGE["effusion"]
    prompts = {text.lower() for text in (*statements(concept), *denials(concept), denial(concept))}
    assert not training & prompts
    assert not any("there is" in text.lower() for text in (*training, *sentences.NORMAL_TEXT))
