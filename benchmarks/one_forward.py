"""One forward pass per film against one question per finding, on the same backbone, number format and film.

radz: the film once, its features against anchors at hand. llava: the same multimodal language model asked yes or no
about each finding, as `radz compare` runs it: questions in batches, the probability read at the first word of an answer
without generating any. With a shared prefix the film and all else that questions have in common go through the decoder
once and their keys and values are kept; a server of language models does that. Without it each question is a whole
sequence with the film in it, which is what a loop over a chat interface does, batched.

Times are processor seconds of this process on one thread, so that a machine with other work gives the same ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from _timing import films, network, print_table, ratio
from torch import Tensor

from radz import registry
from radz.baselines import BaselineContext, open_baseline
from radz.knowledge import IMAGED, KnowledgeBase
from radz.model.encoder import Encoder
from radz.types import Anchors, Study, ZeroShotModel

OURS = "radz, shipped layer"
COUNTS = (1, 14, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--films", type=int, default=1, help="films in one call")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    studies = [Study(str(i), "p", pixels=film) for i, film in enumerate(films(options.films))]
    ours = {
        OURS: Encoder(network(merged=True)),
        "radz, penultimate layer": Encoder(network("readout.layer=-2", merged=True)),
    }
    asked = {"llava, shared prefix": llava(True), "llava, whole sequences": llava(False)}
    torch.set_num_threads(1)
    for count in options.findings:
        models: dict[str, ZeroShotModel] = {**ours, **asked}
        runs = {name: call(model, studies, anchors_of(model, count)) for name, model in models.items()}
        seconds = in_turn(runs, options.repeats)
        rows = [
            (name, f"{statistics.median(times):.3f}", ratio(times, seconds[OURS]), ratio(times, seconds[[*ours][1]]))
            for name, times in seconds.items()
        ]
        head = ("", "median CPU s", f"this / {OURS} (range)", f"this / {[*ours][1]} (range)")
        print_table(f"{options.films} film(s), {count} finding(s)", head, rows)
    print(f"load averages of the machine: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


def in_turn(alternatives: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each alternative, after one call that prepares kernels, in turn ``repeats`` times."""
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    for i in range(repeats + 1):
        for name, run in alternatives.items():
            start = time.process_time()
            run()
            seconds[name] += [time.process_time() - start] if i else []
    return seconds


def llava(reuse_prefix: bool) -> ZeroShotModel:
    """The default backbone asked yes or no, in the number format that this machine is quick in."""
    return open_baseline("llava", None, BaselineContext(list), {"reuse_prefix": reuse_prefix, "rows": 16})


def anchors_of(model: ZeroShotModel, count: int) -> Anchors:
    """The first findings of the knowledge base; only ours need vectors of them."""
    concepts = [concept for concept in KnowledgeBase.load() if concept.kind in IMAGED][:count]
    encode = model.encode_text if isinstance(model, Encoder) else no_vectors
    anchors: Anchors = registry.load("anchors", "names")(concepts, encode)
    return anchors


def no_vectors(texts: Sequence[str]) -> Tensor:
    """What a model that reads words is given in the place of vectors."""
    return torch.ones(len(texts), 1)


def call(model: ZeroShotModel, studies: list[Study], anchors: Anchors) -> Callable[[], object]:
    """One scoring of the films."""
    return lambda: model.score(studies, anchors)


if __name__ == "__main__":
    main()
