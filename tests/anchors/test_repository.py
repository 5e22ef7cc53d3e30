"""Anchors on disk: the same values back, or a typed refusal; the predictor's cache on top of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

import radz
from radz.anchors import compare_directories, load_anchors, read_record, save_anchors
from radz.anchors._repository import RECORD, TENSORS
from radz.cli import app
from radz.errors import AnchorError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.model.checkpoint import save_checkpoint
from radz.provenance import Provenance
from radz.serve import predictor as serve
from radz.serve.nearest_concepts import nearest_concepts
from radz.types import Anchors
from tiny import tiny_model

CONCEPTS = [KnowledgeBase.load()[name] for name in ("mass", "effusion")]
MODEL = {"fingerprint": "abc"}


@pytest.fixture(params=[True, False], ids=["denials", "no denials"])
def saved(request, tmp_path):
    rows = torch.eye(2)
    sides, texts = (rows, -rows if request.param else None), (("a", "b"), ("c",))
    denials = (("no a",), ("no c",)) if request.param else ()
    names = tuple(concept.name for concept in CONCEPTS)
    anchors = Anchors(("mass", "effusion"), *sides, texts, "rules", names=names, denials=denials)
    save_anchors(anchors, CONCEPTS, MODEL, tmp_path / "anchors")
    return tmp_path / "anchors", anchors


def test_the_same_comes_back_with_where_it_is_from(saved):
    directory, anchors = saved
    loaded = load_anchors(directory, MODEL)
    assert (loaded.concepts, loaded.texts, loaded.strategy) == (anchors.concepts, anchors.texts, "rules")
    assert (loaded.names, loaded.denials) == (anchors.names, anchors.denials)
    assert torch.equal(loaded.positive, torch.eye(2))
    assert (loaded.negative is None) == (anchors.negative is None)
    assert loaded.negative is None or torch.equal(loaded.negative, -torch.eye(2))
    entry = read_record(directory)["concepts"][0]
    assert (entry["name"], entry["sha256"]) == (CONCEPTS[0].name, CONCEPTS[0].sha256)
    assert (entry["source"], entry["parents"]) == (CONCEPTS[0].source, list(CONCEPTS[0].parents))
    assert sorted(path.name for path in directory.parent.iterdir()) == ["anchors"]


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def rename(path):
    record = json.loads(path.read_text())
    record["strategy"] = "names"
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: flip(d / TENSORS), r"anchors\.safetensors is damaged: .* Delete it and build it again"),
        (lambda d: rename(d / RECORD), r"anchors\.json is damaged: its content does not match its hash"),
        (lambda d: (d / RECORD).write_text("{"), r"anchors\.json is damaged: not a record"),
        (lambda d: (d / RECORD).write_text("[]"), r"anchors\.json is damaged: not a record"),
        (lambda d: (d / RECORD).unlink(), r"has no anchors\.json; it takes anchors\.json and anchors\.safetensors"),
        (lambda d: (d / TENSORS).unlink(), r"has no anchors\.safetensors; it takes"),
    ],
)
def test_damage_and_half_a_directory_are_refused(saved, damage, message):
    damage(saved[0])
    with pytest.raises(AnchorError, match=message):
        load_anchors(saved[0], MODEL)


def test_anchors_of_another_model_are_refused(saved):
    with pytest.raises(AnchorError, match=r"of the model .*abc.*, but .*xyz.* asks\. .* build them with this one"):
        load_anchors(saved[0], {"fingerprint": "xyz"})


@pytest.fixture(scope="module")
def checkpoint(llava_dir, tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    save_checkpoint(
        tiny_model(llava_dir), directory, Provenance(corpus="chestxray14", split="train", supervised={"mass": 1})
    )
    return directory


def opened(checkpoint):
    """A fresh predictor, and the list of what it encodes."""
    predictor, encoded = radz.load(checkpoint), []
    encode = predictor.model.encode_text
    predictor.model.encode_text = lambda texts: encoded.append(len(texts)) or encode(texts)
    return predictor, encoded


def entry():
    (directory,) = (serve.cache_root() / "anchors").iterdir()
    return directory


def test_a_second_predictor_encodes_nothing_and_has_the_same_anchors(checkpoint):
    (first, encoded), (second, again) = opened(checkpoint), opened(checkpoint)
    made, read = first.anchors(["mass"]), second.anchors(["mass"])
    assert (encoded, again) == ([2], [])  # one statement and its denial
    assert torch.equal(made.positive, read.positive)
    assert torch.equal(made.negative, read.negative)
    assert made.texts == read.texts
    second.anchors(["mass"], "rules")
    second.anchors(["effusion"])
    assert len(again) == 2


def test_a_damaged_entry_is_made_again(checkpoint):
    made = opened(checkpoint)[0].anchors(["mass"])
    flip(entry() / TENSORS)
    predictor, encoded = opened(checkpoint)
    assert torch.equal(predictor.anchors(["mass"]).positive, made.positive)
    assert encoded == [2]
    assert opened(checkpoint)[0].anchors(["mass"]).texts == made.texts
    read_record(entry())


def test_a_cache_that_cannot_be_written_costs_time_only(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(serve, "cache_root", lambda: tmp_path / "file")
    assert opened(checkpoint)[0].anchors(["mass"]).concepts == ("mass",)


def command(*arguments):
    return CliRunner().invoke(app, ["anchors", *map(str, arguments)], env={"COLUMNS": "200"})


def test_commands_build_and_show(checkpoint, tmp_path):
    built = command(
        "build", "--model", checkpoint, "--finding", "mass", "--finding", "x: a ring", "--out", tmp_path / "a"
    )
    assert built.exit_code == 0, built.output
    assert "anchors of 2 findings" in built.stderr
    shown = command("show", tmp_path / "a").stdout
    assert f"There is {CONCEPTS[0].name}." in shown
    assert "given by the user" in shown
    alone = command("show", tmp_path / "a", "x").stdout
    assert "There is x." in alone
    assert CONCEPTS[0].name not in alone


def test_a_finding_that_a_directory_does_not_hold_is_said(saved):
    done = command("show", saved[0], "mas")
    assert isinstance(done.exception, UnknownNameError)
    assert "Did you mean 'mass'" in str(done.exception)


def rewritten(saved, tmp_path, **changes):
    """The saved directory again with other ``positive``, ``texts``, ``concepts``, ``strategy`` or ``model``."""
    _, anchors = saved
    model, concepts = changes.pop("model", MODEL), changes.pop("concepts", CONCEPTS)
    save_anchors(replace(anchors, **changes), concepts, model, tmp_path / "new")
    return tmp_path / "new"


def test_a_directory_differs_from_itself_in_nothing(saved):
    found = compare_directories(saved[0], saved[0])
    assert (found.added, found.removed, found.changed, found.unchanged) == ((), (), (), 2)
    assert (found.strategies, found.model, found.comparable) == (("rules", "rules"), {}, True)


def test_what_changed_is_said_with_how_far_the_vector_moved(saved, tmp_path):
    turned = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    sourced = [CONCEPTS[0], CONCEPTS[1].model_copy(update={"source": "a book, p. 1", "kind": "device"})]
    new = rewritten(saved, tmp_path, positive=turned, texts=(("a", "d"), ("c",)), concepts=sourced, strategy="hybrid")
    found = compare_directories(saved[0], new)
    mass, effusion = found.changed
    assert (mass.concept, mass.fields) == ("mass", {"texts": (["a", "b"], ["a", "d"])})
    assert mass.cosine == pytest.approx(0.6)
    assert effusion.fields == {"kind": ("finding", "device"), "source": (CONCEPTS[1].source, "a book, p. 1")}
    assert effusion.cosine == pytest.approx(1.0)
    assert found.strategies == ("rules", "hybrid")
    said = command("diff", saved[0], new).stdout
    assert "0 added, 0 removed, 2 changed, 0 unchanged" in said
    assert "another strategy: rules -> hybrid" in said
    assert "texts + d" in said


def test_what_came_and_went(saved, tmp_path):
    _, anchors = saved
    negative = None if anchors.negative is None else anchors.negative[1:]
    rows = {"positive": anchors.positive[1:], "negative": negative, "texts": anchors.texts[1:]}
    alone = replace(anchors, concepts=("effusion",), **rows, names=anchors.names[1:], denials=anchors.denials[1:])
    save_anchors(alone, CONCEPTS[1:], MODEL, tmp_path / "new")
    assert compare_directories(saved[0], tmp_path / "new").removed == ("mass",)
    document = json.loads(command("diff", tmp_path / "new", saved[0], "--format", "json").stdout)
    assert (document["added"], document["changed"], document["unchanged"]) == (["mass"], [], 1)


def test_vectors_of_two_models_are_not_compared(saved, tmp_path):
    new = rewritten(saved, tmp_path, model={"fingerprint": "xyz"}, texts=(("a",), ("c",)))
    found = compare_directories(saved[0], new)
    assert found.model == {"fingerprint": ("abc", "xyz")}
    assert [(change.concept, change.cosine) for change in found.changed] == [("mass", None)]
    said = command("diff", saved[0], new).stdout
    assert "another model, fingerprint: abc -> xyz" in said
    assert "no cosines: vectors of two models" in said


def test_the_nearest_are_those_of_the_greatest_cosine(checkpoint):
    predictor = radz.load(checkpoint)
    found = nearest_concepts(predictor, "mass", top=3)
    every = predictor.anchors(["all"])
    cosines = torch.cosine_similarity(predictor.anchors(["mass"]).positive, every.positive)
    expected = [(every.concepts[i], cosines[i].item()) for i in cosines.argsort(descending=True).tolist()]
    (itself, one), *others = expected
    assert (itself, one) == ("mass", pytest.approx(1.0))
    assert (found.concept, found.strategy) == ("mass", "names")
    assert [n.concept for n in found.neighbours] == [name for name, _ in others[:3]]
    assert [n.cosine for n in found.neighbours] == pytest.approx([cosine for _, cosine in others[:3]], abs=1e-5)


def test_a_text_is_read_as_it_is_and_searched_in_a_directory(checkpoint, tmp_path):
    predictor = radz.load(checkpoint)
    predictor.save_anchors(tmp_path / "a", ["mass", "pneumonia", "x: a ring, as in a mass"])
    found = nearest_concepts(radz.load(checkpoint), "There is x.", tmp_path / "a")
    assert found.concept is None
    assert len(found.neighbours) == 3
    assert (found.neighbours[0].concept, found.neighbours[0].cosine) == ("x", pytest.approx(1.0))
    assert {n.concept: n.exposure.value for n in found.neighbours}["x"] == "related"
    shown = json.loads(
        command(
            *("nearest", "x: a ring", "--to", tmp_path / "a", "--model", checkpoint, "--top", 1, "--format", "json")
        ).stdout
    )
    assert (shown["concept"], len(shown["neighbours"])) == ("x", 1)
    assert "is not a known name" in command("nearest", "ring", "--to", tmp_path / "a", "--model", checkpoint).stdout


def test_anchors_of_another_model_are_not_searched(checkpoint, saved):
    with pytest.raises(AnchorError, match="build them with this one"):
        nearest_concepts(radz.load(checkpoint), "mass", saved[0])


def test_a_directory_of_something_else_is_left_alone(saved):
    directory, anchors = saved
    save_anchors(anchors, CONCEPTS, MODEL, directory)
    (directory / "thesis.tex").write_text("years of work")
    with pytest.raises(AnchorError, match=r"is not a directory of anchors alone .*Choose another one"):
        save_anchors(anchors, CONCEPTS, MODEL, directory)
    assert (directory / "thesis.tex").read_text() == "years of work"
