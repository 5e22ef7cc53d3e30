"""Films without reports and reports without films: which term each of them changes, and that nothing else moves."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from radz import registry
from radz.config import LossConfig, ReadoutConfig, RunConfig, build_config
from radz.data.corpora.manifest import Manifest
from radz.data.loader import PairCollator, PairDataset, PairSampler, label_matrix
from radz.data.unlabelled import Archive, FilmDataset, MixedDataset, MixedSampler, ReportDataset, read_reports
from radz.errors import ConfigError, CorpusError
from radz.imaging.augment import augment
from radz.losses._rows import paired, places
from radz.losses.knowledge import contrast
from radz.model.checkpoint import load_checkpoint
from radz.train.loss_inputs import needs
from radz.train.train import train
from radz.types import Anchors, Batch, Features, Presence, Prompt, Study
from tiny import tiny_model

NAN = float("nan")
P, A, U = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN
LOSSES = registry.names("losses")
ROUNDING = 2e-6  # measured: 0 here; 1.5e-7 between batch compositions in test_model.py, float32


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def features(films, reports) -> Features:
    """Of as many films and reports as are asked for; those that two calls share are the same."""
    image, text = (unit(4, 6, seed=1), unit(4, 6, seed=2)), (unit(4, 6, seed=3), unit(4, 6, seed=4))
    tokens = unit(4, 3, 6, seed=5), unit(4, 3, 6, seed=6)
    return Features(
        image[0][films], image[1][films], text[0][reports], text[1][reports], tokens[0][films], tokens[1][reports]
    )


LABELS = [[1, 0, 0], [0, 1, NAN], [0, 0, 1]]


def batch(film=False, report=None) -> tuple[Features, Batch, Features]:
    """Three pairs; a film without report, where wanted; a report without film that has the labels ``report``."""
    rows = LABELS + [[NAN] * 3] * film + ([report] if report else [])
    found = features(list(range(3 + film)), [0, 1, 2] + [3] * bool(report))
    ids = torch.zeros(3 + film, 1, dtype=torch.long)
    given = Batch(Prompt(ids, ids, ids, ids.bool()), labels=torch.tensor(rows, dtype=torch.float32))
    if film or report:
        given.films = torch.arange(3 + film)
        given.reports = torch.tensor([0, 1, 2] + [3 + film] * bool(report))
    second = Features(unit(4, 6, seed=7)[: 3 + film], unit(4, 6, seed=8)[: 3 + film])
    return found, given, second


def term(name, found, given, second, **settings) -> torch.Tensor:
    loss = registry.load("losses", name)(build_config(LossConfig, settings), ReadoutConfig())
    rows = Anchors(("a", "b", "c"), unit(3, 12, seed=9), None, (), "test")
    offered = {"anchors": rows, "second_view": second, "hierarchy": torch.tensor([[1, 0, 2]]), "drift": torch.zeros(())}
    offered["captions"] = torch.arange(3.0)  # of the pairs, whatever else is in the batch
    return loss(found, given, **{n: offered[n] for n in needs(loss)})[name]


@pytest.mark.parametrize("unmentioned", ["ignore", "negative"])
@pytest.mark.parametrize("name", LOSSES)
def test_each_row_changes_its_own_term_and_no_other(name, unmentioned):
    pairs = term(name, *batch(), unmentioned=unmentioned)
    film = term(name, *batch(film=True), unmentioned=unmentioned)
    report = term(name, *batch(report=[1, 0, NAN]), unmentioned=unmentioned)
    assert torch.equal(film, pairs) is (name != "consistency")
    assert torch.equal(report, pairs) is (name != "knowledge")
    both = term(name, *batch(film=True, report=[1, 0, NAN]), unmentioned=unmentioned)
    assert torch.equal(both, {"consistency": film, "knowledge": report}.get(name, pairs))


@pytest.mark.parametrize("name", LOSSES)
def test_an_index_of_all_rows_is_no_index(name):
    found, given, second = batch()
    alone = term(name, found, given, second)
    given.films = given.reports = torch.arange(3)
    assert torch.equal(term(name, found, given, second), alone)


def test_what_an_uncertain_label_of_a_report_says_is_nothing():
    """Under "negative" an uncertain label is neither present nor absent: the loss is that of the loop without it."""
    found, given, _ = batch(report=[1, 0, NAN])
    given.uncertain = torch.zeros(4, 3, dtype=torch.bool)
    given.uncertain[3, 2] = True
    value = term("knowledge", found, given, None, unmentioned="negative")
    rows = unit(3, 12, seed=9)
    present, absent = given.labels == 1, (given.labels == 0) | given.labels.isnan()
    absent[3, 2] = False
    text = found.text_embedding("cross") @ rows.T / 0.07
    image = found.image_embedding("cross") @ rows.T / 0.07
    expected = (contrast(image, present[:3], absent[:3]) + contrast(text, present, absent)) / 2
    torch.testing.assert_close(value, expected)
    given.uncertain[3, 2] = False
    assert not torch.equal(term("knowledge", found, given, None, unmentioned="negative"), value)


def test_consistency_takes_the_pairs_with_text_and_all_films_with_their_second_view():
    found, given, second = batch(film=True, report=[1, 0, 0])
    rows = unit(3, 12, seed=9)
    film, text, other = (
        (x @ rows.T / 0.07).log_softmax(1)
        for x in (found.image_embedding("cross"), found.text_embedding("cross"), second.image_embedding("cross"))
    )
    kl = [((p.exp() - q.exp()) * (p - q)).sum(1).mean() / 2 for p, q in ((film[:3], text[:3]), (film, other))]
    torch.testing.assert_close(term("consistency", found, given, second), sum(kl) / 2)


@pytest.mark.parametrize("name", ["alignment", "consistency", "knowledge"])
def test_gradients_reach_the_rows_of_the_term_alone(name):
    found, given, second = batch(film=True, report=[1, 0, 0])
    found = Features(**{n: getattr(found, n).requires_grad_() for n in Features.__dataclass_fields__ if n[-1] == "l"})
    term(name, found, given, second).backward()
    assert bool(found.image_global.grad[3].any()) is (name == "consistency")
    assert bool(found.text_global.grad[3].any()) is (name == "knowledge")
    assert found.image_global.grad[:3].any()
    assert found.text_global.grad[:3].any()


def test_pairs_are_found_in_any_order():
    given = Batch(films=torch.tensor([4, 0, 2]), reports=torch.tensor([2, 3, 4]), labels=torch.arange(5.0).view(5, 1))
    films, reports = places(given)
    assert (films.tolist(), reports.tolist()) == ([0, 2], [2, 0])
    rows = torch.arange(3.0).view(3, 1)
    own, kept = paired(Features(image_global=rows, text_global=10 * rows), given)
    assert own.image_global[:, 0].tolist() == [0, 2]
    assert own.text_global[:, 0].tolist() == [20, 0]
    assert kept.labels[:, 0].tolist() == [4, 2]
    assert kept.films is None


class Corpus(list):
    """Films in memory."""

    @property
    def records(self):
        return self


def corpus(count, seed=0):
    films = np.random.default_rng(seed).random((count, 1, 40, 30), dtype=np.float32)
    labels = [{"mass": P, "effusion": A}, {"mass": A, "effusion": P}]
    return Corpus(Study(f"{seed}-{i}", f"{seed}-{i}", labels=labels[i % 2], pixels=f) for i, f in enumerate(films))


REPORTS = [Study("r0", "", report="A mass.", labels={"mass": P, "effusion": U}), Study("r1", "", report="No mass.")]


def mixed(pairs=4, films=3):
    def dataset(own):
        return PairDataset(own, own, lambda study, epoch: f"Report of {study.study_id}.", augment, second_view=True)

    archives = [Archive(FilmDataset(dataset(corpus(films, 1))), 2), Archive(ReportDataset(REPORTS), 1)]
    whole = dataset(corpus(pairs))
    return MixedDataset(whole, archives), MixedSampler(PairSampler(corpus(pairs), 2), pairs, archives)


@torch.no_grad()
def test_a_mixed_batch_reads_each_row_as_alone(llava_dir):
    model = tiny_model(llava_dir)
    dataset, sampler = mixed()
    rows = [dataset[key] for key in next(iter(sampler))]
    given = PairCollator(model.processor, ("mass", "effusion"))(rows)
    assert given.films.tolist() == [0, 1, 2, 3]
    assert given.reports.tolist() == [0, 1, 4]
    assert given.labels[2:4].isnan().all()
    assert len(given.pixel_values) == len(given.second_view.pixel_values) == 4
    found = model(given)
    assert len(found.image_global) == 4
    assert len(found.text_global) == 3
    alone = PairCollator(model.processor, ("mass", "effusion"))(rows[:2])
    assert alone.films is None
    expected = model(alone)
    torch.testing.assert_close(found.image_local[:2], expected.image_local, atol=ROUNDING, rtol=0)
    torch.testing.assert_close(found.text_local[:2], expected.text_local, atol=ROUNDING, rtol=0)
    of_report = label_matrix([rows[-1].study], ("mass", "effusion"))
    torch.testing.assert_close(given.labels[4:], of_report, equal_nan=True)


def test_an_archive_is_gone_through_whole_and_resumes_where_it_was():
    dataset, sampler = mixed()
    batches = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches += list(sampler)
    films = [index - 4 for batch in batches for _, index in batch[2:4]]
    assert len(films) == 12  # 6 batches of 2, four passes over 3 films
    assert all(sorted(films[i : i + 3]) == [0, 1, 2] for i in range(0, 12, 3))
    assert {index for batch in batches for _, index in batch[4:]} == {7, 8}
    _, again = mixed()
    again.set_epoch(2)
    assert list(again) == batches[4:]
    assert len(dataset) == 9
    with pytest.raises(IndexError):
        dataset[0, 9]


def table(folder: Path) -> Path:
    rows = [
        '"HISTORY: effusion? FINDINGS: There is a lung mass. No pleural effusion.",train',
        '"IMPRESSION: Possible pneumonia.",train',
        '"",train',
        '"FINDINGS: Cardiomegaly.",test',
    ]
    (folder / "reports.csv").write_text("\n".join(["report,split", *rows]) + "\n", encoding="utf-8")
    return folder / "reports.csv"


def test_reports_are_labelled_and_uncertain_stays_uncertain(tmp_path):
    pytest.importorskip("negspacy")
    studies = read_reports(table(tmp_path), "report", {"split": "train"}, "en")
    assert [study.report for study in studies] == [
        "There is a lung mass. No pleural effusion.",
        "Possible pneumonia.",
    ]
    assert studies[0].presence("mass") is P
    assert studies[0].presence("effusion") is A
    assert studies[1].presence("pneumonia") is U


def test_reports_lose_what_is_held_out(tmp_path):
    pytest.importorskip("negspacy")
    (study,) = read_reports(table(tmp_path), "report", {"split": "train"}, "en", frozenset({"effusion", "pneumonia"}))
    assert study.report == "There is a lung mass."
    assert "effusion" not in study.labels


def test_tables_that_give_nothing_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="no report is left in column 'report'"):
        read_reports(table(tmp_path), "report", {"split": "val"}, "en")
    with pytest.raises(CorpusError, match="missing column 'text'"):
        read_reports(table(tmp_path), "text", {}, "en")
    with pytest.raises(ConfigError, match=r"out of English reports only, and .* is 'es'"):
        read_reports(table(tmp_path), "report", {}, "es", frozenset({"mass"}))


def config(root: Path, source: Path, output: Path, unlabelled: dict, **changes) -> RunConfig:
    tree = {
        "output": str(output),
        "data": {
            "corpus": "manifest",
            "root": str(root),
            "train_split": "train",
            "options": {"unlisted": "absent"},
            "second_view": True,
            "unlabelled": unlabelled,
            **changes.pop("data", {}),
        },
        "model": {"backbone": "hf", "source": str(source), "readout": {"dim": 8}, "lora": {"r": 2}},
        "loss": {"weights": dict.fromkeys(LOSSES, 0.5)},
        "train": {"batch_size": 2, "max_steps": 3, "save_steps": 2, "keep_states": 2, "dtype": "float32"},
        **changes,
    }
    return build_config(RunConfig, tree)


@pytest.mark.parametrize(
    ("rows", "weights", "message"),
    [
        ({"images": {"root": "x"}}, {"alignment": 1.0}, "by the agreement of two views alone: give 'consistency'"),
        ({"texts": {"table": "x.csv"}}, {"alignment": 1.0}, "by the knowledge loss alone: give 'knowledge' a weight"),
    ],
)
def test_rows_that_no_loss_would_read_are_refused(tmp_path, rows, weights, message):
    with pytest.raises(ConfigError, match=message):
        config(tmp_path, tmp_path, tmp_path, rows, loss={"weights": weights})
    with pytest.raises(ConfigError, match=r"set data\.second_view"):
        config(tmp_path, tmp_path, tmp_path, {"images": {"root": "x"}}, data={"second_view": False})


@pytest.mark.parametrize("views", [0, 2])
def test_a_run_with_unlabelled_rows_resumes_exactly_and_says_what_it_read(llava_dir, tmp_path, views):
    pytest.importorskip("negspacy")
    (tmp_path / "films").mkdir()
    root = Manifest.fake(tmp_path / "films")
    text = root.read_text().replace(",val,", ",train,").replace(",test,", ",train,")
    root.write_text(text)
    (tmp_path / "more").mkdir()
    rows = {
        "images": {"root": str(Manifest.fake(tmp_path / "more")), "per_batch": 2},
        "texts": {"table": str(table(tmp_path)), "where": {"split": "train"}, "per_batch": 1},
    }
    settings = {"data": {"cached_views": views}}
    whole = train(config(root, llava_dir, tmp_path / "whole", rows, **settings))
    shutil.copytree(tmp_path / "whole", tmp_path / "again")
    shutil.rmtree(tmp_path / "again" / "align" / "checkpoint-3")
    shutil.rmtree(tmp_path / "again" / "checkpoint")
    again = train(config(root, llava_dir, tmp_path / "again", rows, **settings))
    one, two = (load_file(checkpoint / "model.safetensors") for checkpoint in (whole, again))
    assert all(torch.equal(one[name], two[name]) for name in one)
    provenance = load_checkpoint(whole)[1]
    assert provenance.unlabelled == {"images": 1, "texts": 2}
    assert provenance.mentioned == {"effusion": 1, "mass": 1, "pneumonia": 1}
    assert provenance.supervised["mass"] == 2  # one film, one report
    assert "pneumonia" not in provenance.supervised  # uncertain, and no column of labels
