"""Runs are named by what they are made of."""

from __future__ import annotations

from ablation_fakes import runs_of


def test_a_run_is_named_by_what_it_is_made_of(folder, tmp_path):
    runs, _ = runs_of(folder, tmp_path / "a")
    names = [run.name for run in runs]
    assert len(set(names)) == len(names) == 8  # two folds of: general, base, both, raw
    assert names == [run.name for run in runs_of(folder, tmp_path / "b")[0]]
    assert set(names).isdisjoint(run.name for run in runs_of(folder, tmp_path, "train.learning_rate=0.1")[0][1:2])
    assert names == [run.name for run in runs_of(folder, tmp_path, "train.checkpointing=true")[0]]  # the same result
    moved = tmp_path / "moved.csv"
    moved.write_text((folder / "manifest.csv").read_text().replace("No Finding", "Effusion"))
    relabelled = runs_of(folder, tmp_path, f"data.root={moved}")[0]
    assert set(names).isdisjoint(run.name for run in relabelled)


def test_rows_beside_the_pairs_are_the_arms_own_and_part_of_its_name(folder, tmp_path):
    def named(place: str, report: str) -> tuple[str, str]:
        table = tmp_path / place
        table.write_text(f"findings\n{report}\n", encoding="utf-8")
        rows = ("data.unlabelled.texts={table: " + str(table) + ", column: findings}", "data.second_view=true")
        runs, _ = runs_of(folder, tmp_path, "loss.weights={knowledge: 1.0, consistency: 0.1}", *rows)
        return runs[0].name, runs[1].name

    pairs_alone = runs_of(folder, tmp_path)[0][0].name
    start, arm = named("a.csv", "A mass.")
    assert named("elsewhere.csv", "A mass.") == (start, arm)
    assert start == named("b.csv", "A mass in the left lung.")[0] == pairs_alone
    assert arm != named("c.csv", "A mass in the left lung.")[1]
