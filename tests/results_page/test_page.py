"""The page of results: the seven tables of the source article, from records alone."""

from __future__ import annotations

import json
import sys

import pytest

from ablation_fakes import COMPONENTS, arm, record
from page import main, results_page
from radz.errors import ConfigError
from radz.experiments.ablation.record import read_records


def run(monkeypatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["page.py", *map(str, arguments)])
    main()


def test_the_page_has_the_seven_tables_and_every_open_question(tmp_path, monkeypatch, capsys):
    (tmp_path / "components.json").write_text(json.dumps(COMPONENTS))
    (tmp_path / "other.json").write_text("[]")
    run(monkeypatch, tmp_path, "--out", tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## What held",
        "## 1. Overall and by dataset",
        "## 2. Against CLIP-style systems",
        "## 3. Disease groups",
        "## 4. Components",
        "## 5. Tokens",
        "## 6. Anchors",
        "## 7. Data size",
        "## Open questions",
        "## Published numbers",
    ]
    assert "one seed: the intervals do not include the variation between seeds" in page
    assert "Not run: `radz ablate configs/ablations/wording.yaml`." in page
    assert page == results_page(read_records(tmp_path), tmp_path.as_posix())
    run(monkeypatch, tmp_path)
    assert capsys.readouterr().out == page


def test_any_record_tells_how_it_was_made():
    page = results_page({"wording": record("wording", a=arm(0.6))}, "x")
    assert "label-text supervised" in page.split("## What held")[0]
    assert "Not run: no claimed gain has both of its rows." in page
    assert "Nothing has been run yet" in results_page({"wording": record("wording", a=arm(None, done=0))}, "x")


def test_the_page_in_docs_is_made_from_the_records_here(pytestconfig):
    root = pytestconfig.rootpath
    page = (root / "docs" / "results.md").read_text(encoding="utf-8")
    assert page == results_page(read_records(root / "results" / "ablations"), "results/ablations"), (
        "make it again: python results/page.py results/ablations --out docs/results.md"
    )


def test_a_directory_without_records_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="holds no record of an ablation"):
        run(monkeypatch, tmp_path)
