"""``radz evaluate`` from the command line, with a model and a corpus in memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from eval_fakes import FINDINGS, Brightness, make_anchors, make_corpus
from radz import registry
from radz.calibration.calibration_file import StoredCalibration, texts_sha256
from radz.calibration.conformal import RiskControl
from radz.calibration.out_of_distribution import OutOfDistribution
from radz.calibration.platt import PlattScaling
from radz.cli import app
from radz.errors import CalibrationError, ConfigError, CorpusError, LeakageError
from radz.leakage.membership import pack_ids
from radz.metrics.scores_file import read_scores
from radz.model.checkpoint import TowerHead
from radz.provenance import Provenance
from radz.types import RESEARCH_USE, Exposure, ImageFeatures, Scores


class WithTower(Brightness):
    """The model, and a tower whose pooled state is the film's mean and deviation."""

    def encode(self, studies):
        rows = torch.tensor([[float(s.pixels.mean()), float(s.pixels.std())] for s in studies])
        return ImageFeatures(tuple(s.study_id for s in studies), rows, None, rows.numpy(), rows)

    def similarity(self, features, anchors):
        factors = torch.tensor([float(len(concept)) for concept in anchors.concepts])
        values = features.embedding[:, :1] * factors
        return Scores(features.study_ids, anchors.concepts, values.numpy())


class World:
    """What the command finds: a corpus with or without a train split, and a predictor."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, dict]] = []
        self.unreadable: list[str] = []
        self.has_train, self.head, self.calibration = True, None, None
        self.marks = dict.fromkeys(FINDINGS, Exposure.SUPERVISED)
        self.provenance = Provenance(corpus="chestxray14", split="train")

    def open(self, root, split, **options):
        self.opened.append((split, options))
        if split == "train" and not self.has_train:
            raise CorpusError("This corpus has no train split.")
        return make_corpus(80, split, unreadable=self.unreadable)

    def load_model(self, model, *, source=None, findings_files=(), calibration=None):
        return SimpleNamespace(
            model=WithTower(),
            tower_head=self.head,
            fingerprint="0123456789abcdef",
            provenance=self.provenance,
            calibration=self.calibration,
            uncalibrated="this model has no calibration data",
            reference=None,
            anchors=lambda findings, strategy: make_anchors(findings),
            exposures=lambda concepts: {concept: self.marks[concept] for concept in concepts},
        )


@pytest.fixture
def world(monkeypatch, tmp_path):
    world, load = World(), registry.load
    monkeypatch.setattr(registry, "load", lambda kind, name: world.open if kind == "corpora" else load(kind, name))
    monkeypatch.setattr("radz.experiments.evaluate.load_model", world.load_model)
    monkeypatch.chdir(tmp_path)
    return world


def run(*arguments: str):
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def models_of(result) -> dict[str, dict]:
    return {row["model"]: row for row in json.loads(result.stdout)["models"]}


def run_fake(*arguments: str):
    return run("--corpus", "fake", "--root", "data", "--draws", "60", *arguments)


def test_table_has_findings_macro_models_and_footnotes(world):
    result = run_fake()
    assert result.exit_code == 0
    text = result.stdout
    assert "brightness 01234567\nfake, split test: 80 studies of 40 patients" in text
    assert "3 findings, all supervised: not a zero-shot result" in text
    for finding in FINDINGS:
        assert re.search(rf"{finding} .* 0\.\d{{3}} \[0\.\d{{3}}, 0\.\d{{3}}\] .* supervised", text)
    assert re.search(r"mean of 3 .* 0\.\d{3} \[", text)
    assert re.search(r"metadata_only +0\.500 \[0\.500, 0\.500\]", text)
    assert re.search(r"cardiovascular .* 0\.\d{3} \[.*\] +1 of 1", text)
    assert "undefined draws, dropped: none" in " ".join(text.split())
    assert RESEARCH_USE in text


def test_json_holds_the_same_and_is_strict_json(world):
    result = run_fake("--format", "json", "--finding", "effusion")
    document = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert document["notice"] == RESEARCH_USE
    assert document["zero_shot"] == "1 finding, all supervised: not a zero-shot result"
    assert [f["concept"] for f in document["evaluation"]["findings"]] == ["effusion"]
    assert document["evaluation"]["provenance"]["split_hash"]
    row = models_of(result)["metadata_only"]
    assert row["macro"]["auroc_within"]["value"] == 0.5
    assert set(row["gain_over_it"]["auroc_within"]) == {"value", "interval", "p_value"}


def test_scores_are_written_where_the_console_says_and_give_the_same_again(world, tmp_path):
    first = run_fake("--format", "json")
    written = re.findall(r"scores: (.*\.parquet)", first.stderr)
    assert written == [
        "scores-brightness-01234567-fake-test.parquet",
        "scores-brightness-01234567-fake-test.metadata_only.parquet",
    ]
    again = run("--from-scores", written[0], "--from-scores", written[1], "--draws", "60", "--format", "json")
    for part in ("evaluation", "zero_shot", "left_out"):
        assert json.loads(again.stdout)[part] == json.loads(first.stdout)[part]
    assert models_of(again)["metadata_only"] == models_of(first)["metadata_only"]
    saved = read_scores(tmp_path / written[0]).provenance
    assert (saved.corpus, saved.split, saved.anchors, saved.fingerprint) == (
        "fake",
        "test",
        "names",
        "0123456789abcdef",
    )
    assert saved.exposure == dict.fromkeys(FINDINGS, "supervised")
    assert read_scores(tmp_path / written[1]).provenance.exposure == {}, "a reference is no checkpoint"


def test_out_is_a_folder_or_a_file(world, tmp_path):
    run_fake("--out", "there")
    assert len(list((tmp_path / "there").glob("*.parquet"))) == 2
    run_fake("--out", "mine.parquet")
    assert (tmp_path / "mine.parquet").is_file()
    assert (tmp_path / "mine.metadata_only.parquet").is_file()


def test_unreadable_images_are_listed_and_the_exit_code_is_one(world):
    world.unreadable = ["test-004"]
    result = run_fake()
    assert result.exit_code == 1
    assert "unreadable: test-004: test-004.png is not an image" in result.stderr
    assert "1 image(s) could not be read" in result.stderr
    assert "79 studies" in result.stdout


def test_options_reach_every_split_that_is_opened(world):
    run_fake("--option", "films=a.csv", "--option", "where.low_res=0")
    options = {"films": "a.csv", "where": {"low_res": 0}}
    assert {split for split, _ in world.opened} == {"test", "train"}
    assert all(given == options for _, given in world.opened)


def test_without_a_train_split_the_row_says_why(world):
    world.has_train = False
    result = run_fake()
    assert result.exit_code == 0
    assert re.search(r"^metadata_only +$", result.stdout, re.MULTILINE)
    assert "metadata_only: This corpus has no" in result.stdout
    row = models_of(run_fake("--format", "json"))["metadata_only"]
    assert row == {
        "model": "metadata_only",
        "macro": None,
        "gain_over_it": None,
        "note": "This corpus has no train split.",
    }


def test_on_the_train_split_metadata_only_has_no_number(world):
    row = models_of(run_fake("--format", "json", "--split", "train"))["metadata_only"]
    assert row["macro"] is None
    assert "fitted on the very studies" in row["note"]


def test_the_tower_alone_stands_beside_the_model_where_the_checkpoint_holds_its_head(world):
    row = models_of(run_fake("--format", "json"))["supervised"]
    assert row["macro"] is None
    assert "holds no head" in row["note"]
    known = FINDINGS[:2]
    world.head = TowerHead(known, torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.zeros(2))
    row = models_of(run_fake("--format", "json"))["supervised"]
    assert row["macro"]["concepts"] == [*known], "a finding the head has no row for is left out"
    assert set(row["gain_over_it"]["findings"]) == set(known)
    gain = row["gain_over_it"]["findings"][known[0]]
    assert gain["value"] == 0, "the first row of this head orders films as the model does"


def calibrated(split: str = "val", anchors: str = "names") -> StoredCalibration:
    """Effusion has a probability, cardiomegaly too few films; pneumothorax was not labelled."""
    return StoredCalibration(
        fingerprint="0123456789abcdef",
        anchors=anchors,
        corpus="fake",
        split=split,
        scores_sha256="",
        studies=120,
        patients=60,
        texts={c: texts_sha256((f"There is {c}.",)) for c in ("effusion", "cardiomegaly")},
        platt={"effusion": PlattScaling(1.0, -4.0, 40, 80)},
        prevalence={"effusion": 0.333333},
        refused={"cardiomegaly": "too few"},
        pooled=PlattScaling(0.25, -1.0, 40, 200),
        finding_set=RiskControl(4.0, 0.9, 60),
        out_of_distribution=OutOfDistribution((0.5, 0.29), (1.0, 1.0), ((1.0, 0.0),), (0.001,), 0.001, 1e-6, 0.99, 120),
        agreement=None,
    )


def test_the_models_calibration_is_judged_on_the_split(world):
    world.calibration = calibrated()
    result = run_fake("--format", "json")
    reliability = json.loads(result.stdout)["reliability"]
    assert reliability["findings"] == ["effusion"]
    assert [row["name"].partition(":")[0] for row in reliability["qualities"]] == [
        "before",
        "after",
        "after",
        "no model",
    ]
    assert (reliability["images"], reliability["refused"]) == (80, 80), "no film keeps a distance of one in a million"
    assert reliability["set_recall"]["findings"] == 2, "those that were calibrated"
    text = run_fake().stdout
    assert re.search(r"after: Platt per finding .* 0\.\d{3} ", text)
    assert "Refused at the stored distance: 80 of 80 images." in text
    assert re.search(r"Recall calibrated for +0\.90", text)


def test_the_scores_file_alone_judges_the_calibration_again(world):
    world.calibration = calibrated()
    first = json.loads(run_fake("--format", "json", "--out", "mine.parquet").stdout)
    again = json.loads(run("--from-scores", "mine.parquet", "--draws", "60", "--format", "json").stdout)
    assert first["reliability"]["refused"] == 80
    assert again["reliability"] == first["reliability"]


def test_costs_are_measured_where_asked_for_and_kept_with_the_scores(world, tmp_path, monkeypatch):
    world.unreadable = ["test-000"]
    save_file({"weight": torch.zeros(3, 4)}, tmp_path / "model.safetensors")
    monkeypatch.setattr("radz.experiments.models.shipped_checkpoint", lambda: tmp_path)
    run_fake("--out", "mine.parquet")
    assert read_scores(tmp_path / "mine.parquet").provenance.cost == {}
    run_fake("--out", "mine.parquet", "--cost", "--batch-size", "4")
    ours, theirs = (read_scores(tmp_path / f).provenance.cost for f in ("mine.parquet", "mine.metadata_only.parquet"))
    assert (ours["trained_parameters"], theirs["trained_parameters"]) == (12, 0)
    assert ours["images_per_second"] > 0
    assert (ours["batch_size"], ours["concepts"], ours["model"], theirs["model"]) == (
        4,
        3,
        "brightness",
        "metadata_only",
    )


def test_a_page_is_written_beside_the_table(world, tmp_path):
    world.calibration = calibrated()
    result = run_fake("--report", "page.md", "--report", "page.json", "--format", "json")
    assert "report: page.md" in result.stderr
    page = (tmp_path / "page.md").read_text()
    assert "## Calibration, risk and coverage" in page
    assert "| metadata_only |" in page
    assert json.loads((tmp_path / "page.json").read_text())["reliability"] == json.loads(result.stdout)["reliability"]
    with pytest.raises(ConfigError, match=r"page\.pdf .* must end with"):
        run_fake("--report", "page.pdf")


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (None, "this model has no calibration data"),
        (calibrated(split="test"), "fitted on split 'test': assess it on images that it was not fitted on"),
        (calibrated(anchors="rules"), "calibrated for the anchors 'rules' only"),
    ],
)
def test_where_calibration_is_not_judged_the_reason_stands(world, stored, why):
    world.calibration = stored
    result = run_fake("--format", "json")
    assert json.loads(result.stdout)["reliability"] is None
    assert json.loads(result.stdout)["uncalibrated"] == why
    assert f"Not assessed: {why}." in run_fake().stdout


def test_only_unseen_findings_are_called_zero_shot(world):
    assert "all supervised: not a zero-shot result" in run_fake().stdout
    world.marks["effusion"] = Exposure.UNSEEN
    assert "3 findings, 2 supervised, 1 unseen: only the unseen are zero-shot" in run_fake().stdout
    with pytest.raises(LeakageError, match=r"cardiomegaly \(supervised\), pneumothorax \(supervised\)\. Leave"):
        run_fake("--zero-shot")
    assert "1 finding, all unseen: a zero-shot result" in run_fake("--zero-shot", "--finding", "effusion").stdout


def test_scores_that_do_not_say_what_was_seen_are_not_zero_shot(world):
    run_fake("--out", "mine.parquet")
    with pytest.raises(LeakageError, match="exposure not recorded"):
        run("--from-scores", "mine.metadata_only.parquet", "--zero-shot")
    text = run("--from-scores", "mine.metadata_only.parquet", "--draws", "20").stdout
    assert "3 findings, all unknown: not a zero-shot result" in text


def test_a_leaking_run_may_run_under_the_name_supervised(world, tmp_path):
    run_fake("--allow-supervised", "--out", "zero-shot-of-mine.parquet")
    assert not (tmp_path / "zero-shot-of-mine.parquet").exists()
    provenance = read_scores(tmp_path / "supervised-of-mine.parquet").provenance
    assert provenance.claim == "supervised"
    again = run("--from-scores", "supervised-of-mine.parquet", "--draws", "20")
    assert "3 findings: a supervised result" in again.stdout
    assert "zero-shot" not in again.stdout
    with pytest.raises(LeakageError, match=r"cardiomegaly \(supervised\)"):
        run("--from-scores", "supervised-of-mine.parquet", "--zero-shot")


def test_films_that_were_trained_on_are_no_zero_shot_test(world, tmp_path):
    world.marks = dict.fromkeys(FINDINGS, Exposure.UNSEEN)
    world.provenance = Provenance(
        corpus="fake", split="train", trained_ids=pack_ids(make_corpus(3, "test").records, "fake")
    )
    listed = r"3 of 80 studies have an image in the training data; 4 of 80 studies have a patient in the training data"
    with pytest.raises(LeakageError, match=listed):
        run_fake("--zero-shot")
    text = run_fake().stdout
    assert "3 findings, all unseen: not a zero-shot result" in text
    assert "3 of 80 studies have an image in the training data" in text
    run_fake("--allow-supervised")
    assert read_scores(tmp_path / "scores-brightness-01234567-fake-test-supervised.parquet").provenance.overlap


def test_a_clean_run_is_called_zero_shot(world, tmp_path):
    world.marks = dict.fromkeys(FINDINGS, Exposure.UNSEEN)
    world.provenance = Provenance(
        corpus="fake", split="train", trained_ids=pack_ids(make_corpus(3, "train").records, "fake")
    )
    assert "all unseen: a zero-shot result" in run_fake("--zero-shot", "--out", "a.parquet").stdout
    assert read_scores(tmp_path / "a.parquet").provenance.claim == "zero-shot"


def test_a_stratum_may_be_chosen(world):
    document = json.loads(run_fake("--format", "json", "--stratum", "view").stdout)
    assert document["evaluation"]["provenance"]["strata"] == ["view"]


def test_nothing_to_evaluate_is_an_error():
    with pytest.raises(ConfigError, match=r"give --corpus NAME and --root FOLDER, or .*--from-scores"):
        run()


def test_help_does_not_load_torch():
    code = (
        "import sys, radz.cli\n"
        "try: radz.cli.app(['evaluate', '--help'])\n"
        "except SystemExit: assert not {'torch', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--from-scores" in done.stdout


# --- thresholds, prompts, controls


def prompted_world(world, monkeypatch):
    """A world whose predictor makes anchors from a wording, with denials."""
    load = world.load_model

    def with_prompts(*arguments, **options):
        predictor = load(*arguments, **options)
        anchors = make_anchors(FINDINGS)
        denied = replace(anchors, negative=-anchors.positive)
        predictor.prompted = lambda findings, pair: replace(denied, texts=((pair.positive,),) * len(FINDINGS))
        predictor.anchors = lambda findings, strategy: denied
        return predictor

    monkeypatch.setattr("radz.experiments.evaluate.load_model", with_prompts)


def test_thresholds_come_from_validation_scores_by_one_command(world, tmp_path):
    run_fake("--split", "val", "--out", "val.parquet")
    chosen = CliRunner().invoke(app, ["thresholds", "val.parquet", "--rule", "mcc", "--out", "t.json"])
    assert chosen.exit_code == 0
    assert "thresholds of 3 findings by mcc, 80 studies: t.json" in chosen.stderr
    document = json.loads(run_fake("--format", "json", "--thresholds", "t.json").stdout)
    effusion = next(f for f in document["evaluation"]["findings"] if f["concept"] == "effusion")
    assert [point["source"] for point in effusion["operating"]] == ["validation", "oracle"]
    assert document["evaluation"]["thresholds"] == "greatest mcc on split 'val' of fake, 80 studies of 40 patients"
    text = run_fake("--thresholds", "t.json").stdout
    for source in ("validation", "oracle"):
        assert re.search(rf"{source}, mean of 3 +0\.\d{{3}} .*\n +\[0\.\d{{3}}, 0\.\d{{3}}\]", text)
    assert "are not a result" in " ".join(text.split())
    with pytest.raises(LeakageError, match="chosen on split 'val' of fake, the split to be evaluated"):
        run("--from-scores", "val.parquet", "--thresholds", "t.json", "--draws", "5")
    with pytest.raises(CalibrationError, match=r"Thresholds of brightness .* fit none of the models"):
        run("--from-scores", "val.metadata_only.parquet", "--thresholds", "t.json", "--draws", "5")
    run_fake("--out", "test.parquet")
    refused = CliRunner().invoke(app, ["thresholds", "test.parquet"])
    assert isinstance(refused.exception, LeakageError)


def test_groups_of_studies_and_comparisons_by_finding_are_shown(world):
    text = run_fake("--out", "mine.parquet").stdout
    assert re.search(r"source clinic .* 0\.\d{3} \[.*\] .* 40 ", text)
    text = run("--from-scores", "mine.parquet", "--from-scores", "mine.metadata_only.parquet", "--draws", "20").stdout
    assert "Gain over metadata_only in AUROC within strata" in text


def test_wordings_are_scored_saved_and_summarised_again_from_the_files(world, tmp_path, monkeypatch):
    prompted_world(world, monkeypatch)
    first = run_fake("--format", "json", "--prompts", "paraphrases")
    prompts = json.loads(first.stdout)["prompts"]
    assert len(prompts["prompts"]) == 9
    assert prompts["prompts"][2]["prompt"].startswith("paraphrases 3/9 ")
    written = re.findall(r"scores: (.*\.parquet)", first.stderr)
    assert "scores-brightness-01234567-fake-test.paraphrases-3.parquet" in written
    files = [argument for path in written for argument in ("--from-scores", path)]
    again = run(*files, "--draws", "60", "--format", "json")
    assert json.loads(again.stdout)["prompts"] == prompts
    assert [*models_of(again)] == ["metadata_only", "any_finding"]
    assert re.search(r"median .* 0\.\d{3}", run(*files, "--draws", "5").stdout)
    with pytest.raises(ConfigError, match="give the file of the main result first"):
        run("--from-scores", written[-1])


def test_one_wording_is_what_is_evaluated(world, tmp_path, monkeypatch):
    prompted_world(world, monkeypatch)
    document = json.loads(run_fake("--format", "json", "--prompts", "default").stdout)
    assert document["evaluation"]["provenance"]["prompts"].startswith("default 1/1 ")
    assert document["prompts"] is None
    with pytest.raises(ConfigError, match="Give one of the two"):
        run_fake("--prompts", "default", "--anchors", "rules")


def test_controls_are_scored_saved_and_judged(world, tmp_path, monkeypatch):
    prompted_world(world, monkeypatch)
    first = run_fake("--format", "json", "--controls")
    controls = json.loads(first.stdout)["controls"]
    assert [control["name"] for control in controls["images"]] == ["blank", "shuffled", "shuffled in stratum"]
    assert controls["images"][0]["macro"]["auroc_within"]["value"] == 0.5
    assert controls["negation"]["findings"][0]["correlation"] == pytest.approx(1), "this model scores both sides alike"
    assert {p["key"] for p in controls["predicted"]} == {"source", "view"}
    assert controls["notes"] == {}
    text = run_fake("--controls").stdout
    assert re.search(r"shuffled in stratum .* \[.*\] +(yes|no)", text)
    files = [a for path in re.findall(r"scores: (.*\.parquet)", first.stderr) for a in ("--from-scores", path)]
    again = json.loads(run(*files, "--draws", "60", "--format", "json").stdout)["controls"]
    assert (again["images"], again["negation"]) == (controls["images"], controls["negation"])


def test_a_control_that_cannot_be_made_says_why(world):
    controls = json.loads(run_fake("--format", "json", "--controls").stdout)["controls"]
    assert controls["negation"] is None
    assert "have no denials" in controls["notes"]["negation"]
    assert controls["predicted"], "features are read all the same"
