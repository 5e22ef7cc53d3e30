"""Seconds that anchors take: from their texts (build) and from a directory that holds them (load).

The findings are those that the knowledge base has of the model's kind of image. Building goes past the user's cache and
writes nothing; loading checks both hashes of the directory. The model is loaded before the clock starts. Processor
time, over all threads, is what a busy machine leaves comparable.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _timing import print_table, timed

from radz.anchors import load_anchors, open_strategy
from radz.knowledge import ALL, Concept
from radz.serve.predictor import Predictor

MOST_S = {"build": 30.0, "load": 0.2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="checkpoint directory; the shipped one by default")
    parser.add_argument("--findings", type=int, help="how many findings; all by default")
    parser.add_argument("--strategies", nargs="+", default=["names", "rules"])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    predictor = Predictor.load(options.model)
    known, fits = predictor.knowledge, predictor.provenance
    concepts = known.select(ALL, fits.body_part, fits.modality)[: options.findings]
    rows = [row for name in options.strategies for row in measure(predictor, concepts, name, options.repeats)]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    title = f"{len(concepts)} findings, load average {load} on {os.cpu_count()} cores"
    print_table(title, ("strategy", "", "texts", "median s (range)", "at most", "median CPU s"), rows)


def measure(predictor: Predictor, concepts: list[Concept], strategy: str, repeats: int) -> list[tuple[str, ...]]:
    """One row for building and one for loading."""
    make = open_strategy(strategy, predictor.model.model.anchors)
    texts = set[str]()

    def encode(some: list[str]):
        texts.update(some)
        return predictor.model.encode_text(some)

    built = [clocked(lambda: make(concepts, encode)) for _ in range(repeats)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "anchors"
        predictor.save_anchors(place, [concept.id for concept in concepts], strategy)
        load_anchors(place, predictor.identity())
        loaded = [clocked(lambda: load_anchors(place, predictor.identity())) for _ in range(max(repeats, 10))]
    return [row(strategy, "build", len(texts), built), row(strategy, "load", len(texts), loaded)]


def clocked(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of processor time that one call takes."""
    start = time.process_time()
    return timed(run), time.process_time() - start


def row(strategy: str, what: str, texts: int, seconds: list[tuple[float, float]]) -> tuple[str, ...]:
    clock, processor = zip(*seconds, strict=True)
    shown = f"{statistics.median(clock):.3f} ({min(clock):.3f} to {max(clock):.3f})"
    return strategy, what, str(texts), shown, f"{MOST_S[what]:g} s", f"{statistics.median(processor):.3f}"


if __name__ == "__main__":
    main()
