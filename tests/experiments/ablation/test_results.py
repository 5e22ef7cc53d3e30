"""The page of results: the source article's seven tables, from records alone, with the needs of each empty cell."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from radz.cli import app
from radz.errors import ConfigError
from radz.experiments.ablation.results import (
    Published,
    ablation_section,
    overall_table,
    read_records,
    reading,
    results_page,
    what_held,
)
from radz.experiments.ablation.table import time_line


def arm(value: float | None, difference: list[float] | None = None, done: int = 3) -> dict:
    found = {
        "settings": {},
        "claim": None,
        "cells_planned": 3,
        "done": done,
        "cells": {},
        "runs": {},
        "training_seconds": [],
        "findings": {"mass": [1, 1, 1]},
    }
    if value is not None:
        found |= {"auroc_within": [value, value - 0.03, value + 0.03], "studies": 1495, "patients": 900}
        found["groups"] = {"neoplastic": [value, value - 0.05, value + 0.05]}
    return found | ({"difference": difference} if difference else {})


def record(name: str, **arms: dict) -> dict:
    exposure, positives = {"mass": "supervised"}, {"mass": 40}
    base = {
        "name": name,
        "title": name.title(),
        "question": f"What of {name}?",
        "folds": 3,
        "seeds": [0],
        "draws": 1000,
    }
    return base | {"arms": arms, "exposure": exposure, "positives": positives, "needs": {}, "texts": ["varied"]}


COMPONENTS = record(
    "components",
    base=arm(0.55),
    **{"DFAT only": arm(0.61, [0.06, 0.02, 0.1, 0.002]), "DKAM only": arm(0.62, [0.07, -0.01, 0.12, 0.06])},
    both=arm(0.64, [0.09, 0.05, 0.13, 0.002], done=2),
)


def row(table: str, name: str) -> list[str]:
    (line,) = [line for line in table.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_has_the_seven_tables_and_every_open_question(tmp_path):
    (tmp_path / "components.json").write_text(json.dumps(COMPONENTS))
    (tmp_path / "other.json").write_text("[]")
    result = CliRunner().invoke(app, ["ablate", "--results", str(tmp_path), "--out", str(tmp_path / "results.md")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("## ")][:8] == [
        "## What held",
        "## 1. Overall and by dataset",
        "## 2. Against CLIP-style systems",
        "## 3. Disease groups",
        "## 4. Components",
        "## 5. Tokens",
        "## 6. Anchors",
        "## 7. Data size",
    ]
    assert "label-text supervised" in page
    assert "one seed: the intervals do not include the variation between seeds" in page
    assert "Not run: `radz ablate configs/ablations/wording.yaml`." in page
    assert page == results_page(read_records(tmp_path), str(tmp_path))


def test_our_numbers_are_next_to_the_claims_and_an_empty_cell_names_what_it_needs():
    table = overall_table(None, COMPONENTS, Published.read())
    assert row(table, "ChestX-ray14") == ["ChestX-ray14", "82.1", "70.75", "64.3", "0.640 [0.610, 0.670]"]
    assert row(table, "MIMIC-CXR")[1:] == ["76.3", "–", "–", "needs MIMIC-CXR-JPG (PhysioNet, credentialed access)"]
    rows = Published.read().claims["overall"]
    mean = sum(rows[name] for name in ("ChestX-ray14", "CheXpert", "MIMIC-CXR")) / 3
    assert f"a mean of {mean:.1f}" in row(table, "average")[4]
    section = "\n".join(ablation_section("size", record("size", **{"all films": arm(0.6)}), Published.read()))
    assert row(section, "all films")[2] == "0.600 [0.570, 0.630]"
    assert "data.limit 5000" in row(section, "5,000 films")[2]
    unrun = "\n".join(ablation_section("tokens", None, Published.read()))
    assert row(unrun, "adaptive") == ["adaptive", "78.4", "needs `radz ablate configs/ablations/tokens.yaml`"]


def test_each_claimed_gain_is_shown_with_our_gain_and_the_outcome():
    """Claimed of components: 78.4 - 63.2 = 15.2, of tokens 78.4 - 71.4 = 7.0; rules and hybrid differ by 6.3."""
    worse = record("tokens", generic=arm(0.6), adaptive=arm(0.5, [-0.1, -0.2, -0.05, 0.01]))
    within = record("anchors", rules=arm(0.6), hybrid=arm(0.61, [0.01, -0.03, 0.07, 0.4]))
    found = {"components": COMPONENTS, "tokens": worse, "anchors": within}
    table = what_held(found, Published.read())[-1]
    gain = "a gain; the claim is outside our interval; some runs are missing"
    assert row(table, "both minus base")[1:] == ["+0.152", "+0.090 [+0.050, +0.130]", "0.002", gain]
    assert row(table, "adaptive minus generic")[4] == "a loss; the claim is outside our interval"
    outcome = "the difference is not significant; the claim is inside our interval"
    assert row(table, "hybrid minus rules")[4] == outcome
    assert what_held({"wording": record("wording", a=arm(0.6))}, Published.read()) == [
        "Not run: no claimed gain has both of its rows."
    ]
    section = "\n".join(ablation_section("components", COMPONENTS, Published.read()))
    assert row(section, "both")[1] == "78.4 (+15.2)"


def test_any_record_tells_how_it_was_made():
    page = results_page({"wording": record("wording", a=arm(0.6))}, "x")
    assert "label-text supervised" in page.split("## What held")[0]
    assert "Nothing has been run yet" in results_page({"wording": record("wording", a=arm(None, done=0))}, "x")


def test_a_run_that_plans_share_is_counted_once_in_the_time_that_all_took():
    def timed(run: str, seconds: float) -> dict:
        return arm(0.6) | {"cells": {"fold 1": 0.6}, "runs": {"fold 1": run}, "training_seconds": [seconds]}

    starts = {"start_seconds": {"s": 600.0}}
    first = record("components", base=timed("a", 600.0), both=timed("b", 1200.0)) | starts
    second = record("tokens", generic=timed("b", 1200.0), adaptive=timed("c", 1800.0)) | starts
    (line,) = time_line([first, second])
    assert "20.0 minutes (median), and 30.0 at most (3 runs); the stage that arms start from took 10.0" in line
    assert "1.2 hours in total" in line  # 600 + 1200 + 1800 and once 600 seconds
    assert line in results_page({"components": first, "tokens": second}, "x")


def test_what_is_read_from_a_record_follows_its_intervals():
    (said,) = reading(COMPONENTS, Published.read().claims["components"])
    assert "*DFAT only* is above *base* (+0.060 [+0.020, +0.100])" in said
    assert "*DKAM only* does not differ significantly from *base*" in said
    assert "The claimed order is *base < DKAM only < DFAT only < both*" in said
    assert "by point estimates, the measured order is *base < DFAT only < DKAM" in said
    assert "Partly run, so only differences can be compared, not levels: *both*." in said
    assert "Not run" not in said
    worse = record("tokens", generic=arm(0.6), adaptive=arm(0.5, [-0.1, -0.2, -0.05, 0.01]))
    (said,) = reading(worse, {"generic": 71.4, "adaptive": 78.4})
    assert "*adaptive* is below *generic*" in said
    assert reading(record("tokens", generic=arm(None, done=3)), {}) == []
    assert reading(record("tokens", generic=arm(0.6), adaptive=arm(None, done=0)), {}) == ["Not run: *adaptive*."]


def test_a_directory_without_records_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no record of an ablation"):
        read_records(tmp_path)
