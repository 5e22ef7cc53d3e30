"""Time to score 200 findings and one finding, with anchors encoded anew (cold) or already encoded (cached)."""

from __future__ import annotations

import argparse

from _timing import films, interleaved, network, print_ratios

from radz import registry
from radz.knowledge import Concept
from radz.model.encoder import Encoder
from radz.types import Anchors, Study


def main() -> None:
    """Time the four alternatives and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    count = options.findings
    model, batch = Encoder(network(merged=True)), [Study("", "", pixels=films(1)[0])]
    concepts = [Concept(id=f"finding_{i}", name=f"finding number {i}") for i in range(count)]

    def encode(number: int) -> Anchors:
        """Anchors of the first ``number`` findings."""
        anchors: Anchors = registry.load("anchors", "names")(concepts[:number], model.encode_text)
        return anchors

    one, many = encode(1), encode(count)
    alternatives = {
        f"{count} findings, cold": lambda: model.score(batch, encode(count)),
        "1 finding, cold": lambda: model.score(batch, encode(1)),
        f"{count} findings, cached": lambda: model.score(batch, many),
        "1 finding, cached": lambda: model.score(batch, one),
    }
    print_ratios("One image", interleaved(alternatives, options.repeats), f"{count} findings, cold")


if __name__ == "__main__":
    main()
