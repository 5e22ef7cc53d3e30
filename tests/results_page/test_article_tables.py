"""Our numbers next to the claims; an empty cell names what it needs."""

from __future__ import annotations

from ablation_fakes import COMPONENTS, arm, record
from article_tables import ablation_table, overall_table, paper_table, systems_table
from published import Published

PUBLISHED = Published.read()


def row(table, name: str) -> list[str]:
    (cells,) = [each.cells for each in table.rows if each.cells[0].text == name]
    return [str(cell) for cell in cells]


def test_each_dataset_has_the_claim_the_paper_and_ours_or_what_it_needs():
    table = overall_table(None, COMPONENTS, PUBLISHED)
    assert row(table, "ChestX-ray14") == ["ChestX-ray14", "82.1", "70.75", "64.3", "0.640 [0.610, 0.670]"]
    assert row(table, "MIMIC-CXR")[1:] == ["76.3", "–", "–", "needs MIMIC-CXR-JPG (PhysioNet, credentialed access)"]
    claims = PUBLISHED.claims["overall"]
    mean = sum(claims[name] for name in ("ChestX-ray14", "CheXpert", "MIMIC-CXR")) / 3
    assert f"a mean of {mean:.1f}" in row(table, "average")[4]
    measured = record("overall", CheXpert=arm(0.7))
    assert row(overall_table(measured, COMPONENTS, PUBLISHED), "CheXpert")[4] == "0.700 [0.670, 0.730]"


def test_systems_are_compared_with_the_method():
    without = systems_table(None, COMPONENTS, PUBLISHED)
    assert row(without, "LLaVA-RadZ")[3:] == ["0.640 [0.610, 0.670]", ""], "the method, without its difference to base"
    arms = {"LLaVA-RadZ": arm(0.66), "CLIP": arm(0.5, [-0.16, -0.2, -0.12, 0.002])}
    table = systems_table(record("systems", **arms), COMPONENTS, PUBLISHED)
    assert table.columns[-1].name == "minus LLaVA-RadZ"
    assert row(table, "CLIP")[1:] == ["69.7", "–", "0.500 [0.470, 0.530]", "−0.160 [−0.200, −0.120]"]
    assert row(table, "RadCLIP")[3] == "needs a RadCLIP checkpoint in CLIP's format"
    lacking = record("systems", **{"LLaVA-RadZ": arm(0.66), "CLIP": arm(None, done=0) | {"lacks": "needs weights"}})
    assert row(systems_table(lacking, None, PUBLISHED), "CLIP")[3] == "needs weights"


def test_an_ablation_has_its_arms_then_the_claims_that_nobody_ran():
    table = ablation_table("components", COMPONENTS, PUBLISHED)
    assert row(table, "both") == [
        "both",
        "78.4 (+15.2)",
        "0.640 [0.610, 0.670]",
        "+0.090 [+0.050, +0.130]",
        "0.002",
        "2 of 3",
    ]
    assert row(table, "base")[3:5] == ["", ""]
    size = ablation_table("size", record("size", **{"all films": arm(0.6)}), PUBLISHED)
    assert row(size, "all films")[2] == "0.600 [0.570, 0.630]"
    assert "data.limit 5000" in row(size, "5,000 films")[2]


def test_a_plan_that_was_not_run_names_its_command():
    table = ablation_table("tokens", None, PUBLISHED)
    assert row(table, "adaptive") == ["adaptive", "78.4", "needs radz ablate configs/ablations/tokens.yaml"]
    assert ablation_table("wording", None, PUBLISHED) is None, "no claims and no record"


def test_published_numbers_have_a_row_per_system():
    table = paper_table(PUBLISHED)
    assert row(table, "KAD")[1:3] == ["78.9", "90.5"]
    assert len(table.rows) == len(PUBLISHED.paper)
