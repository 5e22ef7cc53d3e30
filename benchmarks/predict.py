"""A first prediction in a fresh process: seconds to import, load and score one film, and peak memory."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _timing import films, print_table
from PIL import Image

PROCESS = """
import json, resource, sys, time
start = time.perf_counter()
from radz.serve.predictor import Predictor
imported = time.perf_counter()
model = Predictor.load(sys.argv[2] or None)
loaded = time.perf_counter()
model.predict(sys.argv[1])
first = time.perf_counter()
model.predict(sys.argv[1])
second = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps({"import s": imported - start, "load s": loaded - imported, "first film s (with anchors)":
    first - loaded, "next film s": second - first, "peak memory MiB": peak}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="", help="checkpoint directory; the shipped one by default")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.png"
        Image.fromarray((films(1)[0][0] * 255).astype(np.uint8)).save(film)
        runs = [measure(film, options.model) for _ in range(options.repeats)]
    rows = [(name, f"{statistics.median(run[name] for run in runs):.2f}") for name in runs[0]]
    print_table(f"Median of {options.repeats} fresh processes", ("", ""), rows)


def measure(film: Path, model: str) -> dict[str, float]:
    """What one process reports of itself."""
    command = [sys.executable, "-W", "ignore", "-c", PROCESS, str(film), model]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    report: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return report


if __name__ == "__main__":
    main()
