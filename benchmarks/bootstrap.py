"""Time of an evaluation with intervals: 14 findings in 20,000 studies, 1,000 draws of patients."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
from _timing import print_table

from radz.metrics.scores_file import ScoresProvenance, ScoresTable, make_rows
from radz.metrics.summary import compare, summarise


def main() -> None:
    """Time three kinds of evaluation and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--findings", type=int, default=14)
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    first, second = (simulated(options.studies, options.findings, seed) for seed in (0, 1))
    draws = options.draws
    parts: dict[str, Callable[[], object]] = {
        "findings, macro, thresholds, DeLong": lambda: summarise(first, draws=draws),
        "and by view, sex, age band and source": lambda: summarise(first, draws=draws, study_groups=True),
        "two models compared": lambda: compare(first, second, draws=draws),
    }
    rows = [(name, *(f"{seconds:.1f}" for seconds in wall_and_processor(run))) for name, run in parts.items()]
    title = f"{options.studies} studies x {options.findings} findings, {draws} draws"
    print_table(title, ("", "s", "processor s"), rows)
    print(f"load average before and after: {LOAD:.1f}, {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores")


def simulated(studies: int, findings: int, seed: int) -> ScoresTable:
    """Scores one deviation higher for positives, 10 % positives, two studies per patient, four strata."""
    labels = np.random.default_rng(7).random((studies, findings)) < 0.1
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(studies), findings)
    view, sex, age = (np.random.default_rng(k).integers(0, n, studies)[study] for k, n in ((1, 2), (2, 2), (3, 90)))
    source = (study // 2) % 2
    rows = make_rows(
        {
            "study": np.char.mod("s%06d", study),
            "patient": np.char.mod("p%06d", study // 2),
            "stratum": np.char.mod("%d", 2 * source + view),
            "concept": np.tile([f"finding {j:02d}" for j in range(findings)], studies),
            "score": rng.normal(size=labels.size) + labels.ravel(),
            "presence": np.where(labels.ravel(), "present", "absent"),
            "note": np.full(labels.size, ""),
            "source": np.char.mod("%d", source),
            "view": np.char.mod("%d", view),
            "sex": np.char.mod("%d", sex),
            "age": np.char.mod("%d", age),
        }
    )
    return ScoresTable(rows, ScoresProvenance("simulated"))


def wall_and_processor(run: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock seconds, and processor seconds over all cores."""
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


if __name__ == "__main__":
    LOAD = os.getloadavg()[0]
    main()
