"""Do the roles of the modality tokens hold? Anatomy tokens should tell view and sex better, pathology tokens findings.

    python benchmarks/roles.py --corpus manifest --root <table> --option columns.patient=patient_id

Each token's own feature gets a logistic probe per label, on folds of patients. A role's value is the mean AUROC of its
tokens, over pairs of one fold and, but for the view itself, one source and view. Splits are train and val, never test.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from radz import registry
from radz.config import parse_options
from radz.errors import ImageError
from radz.eval.probe import compare_roles, mean_auroc, probe
from radz.metrics.bootstrap import Statistic
from radz.metrics.ranking import Floats
from radz.model.tokens.medical import image_roles
from radz.serve.predictor import Predictor
from radz.types import NORMAL, ImageBatch, Presence, Study

SPLITS = ("train", "val")
VIEW, SEX = "view is AP", "sex is male"


def main() -> None:
    """Probe the tokens and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", help="corpus plug-in")
    parser.add_argument("--root", type=Path)
    parser.add_argument("--option", action="append", default=[], help="option of the corpus: key=value; repeatable")
    parser.add_argument("--model", help="checkpoint directory; the shipped one by default")
    parser.add_argument("--min-positives", type=int, default=30, help="with fewer of either class a label is left out")
    options = parser.parse_args()
    if options.corpus is None or options.root is None:
        print("Skipped: --corpus and --root do not say where labelled films are.")
        return
    predictor = Predictor.load(options.model)
    tokens = predictor.model.model.config.tokens
    if tokens.design == "generic" or tokens.count == 1:
        raise SystemExit(f"The tokens of this model ({tokens.design}, {tokens.count}) have no roles to compare.")
    studies, features = read(predictor, options)
    print(f"{len(studies)} films of {len({s.patient_id for s in studies})} patients\n")
    print("\n".join(lines(studies, features, image_roles(tokens.count), options.min_positives)))


def lines(studies: Sequence[Study], features: Floats, roles: Sequence[str], min_positives: int) -> Iterator[str]:
    """The table, a row per label and one for the mean of all findings."""
    yield "| label | present | absent | anatomy tokens | pathology tokens | difference |"
    yield "|---|---:|---:|---:|---:|---:|"
    patients, findings, positive = np.array([s.patient_id for s in studies]), [], np.zeros(len(studies), dtype=bool)
    for name, label in labels_of(studies, min_positives):
        pair = statistics(name, studies, features, label, roles)
        yield f"| {name} | {(label == 1).sum()} | {(label == 0).sum()} " + shown(pair, patients, label == 1)
        if name not in (VIEW, SEX):
            findings.append(pair)
            positive |= label == 1
    macro = tuple(mean_of([pair[side] for pair in findings]) for side in (0, 1))
    yield f"| **mean of {len(findings)} findings** | | " + shown((macro[0], macro[1]), patients, positive)


@torch.inference_mode()
def read(predictor: Predictor, options: argparse.Namespace) -> tuple[list[Study], Floats]:
    """The readable studies, and the features of their modality tokens, (N, K, D)."""
    model, studies, features = predictor.model.model, list[Study](), []
    for split in SPLITS:
        corpus = registry.load("corpora", options.corpus)(options.root, split=split, **parse_options(options.option))
        for i in range(len(corpus)):
            try:
                study = corpus[i]
            except ImageError:
                continue
            images = ImageBatch(model.processor.image_prompt(1), model.processor.pixel_values([study.pixels]))
            studies.append(corpus.records[i])
            features.append(model(images).image_tokens[0].numpy())
    return studies, np.stack(features).astype(np.float64)


def labels_of(studies: Sequence[Study], min_positives: int) -> list[tuple[str, Floats]]:
    """Label name -> (N,) of 1, 0 or NaN: view, sex and each finding that has enough of either class."""
    value = {Presence.PRESENT: 1.0, Presence.ABSENT: 0.0}
    labels = {
        VIEW: [{"AP": 1.0, "PA": 0.0}.get(s.metadata.get("view", ""), np.nan) for s in studies],
        SEX: [{"M": 1.0, "F": 0.0}.get(s.metadata.get("sex", ""), np.nan) for s in studies],
    }
    for concept in sorted({c for s in studies for c in s.labels} - {NORMAL}):
        labels[concept] = [value.get(s.presence(concept), np.nan) for s in studies]
    rows = {name: np.array(label) for name, label in labels.items()}
    return [(n, y) for n, y in rows.items() if min((y == 1).sum(), (y == 0).sum()) >= min_positives]


def statistics(
    name: str, studies: Sequence[Study], features: Floats, label: Floats, roles: Sequence[str]
) -> tuple[Statistic, Statistic]:
    """Mean AUROC of the anatomy and of the pathology tokens, of weights of all studies."""
    known = np.flatnonzero(~np.isnan(label))
    here = [studies[i] for i in known]
    probed = probe(features[known], label[known], [s.patient_id for s in here])
    strata = ["" if name == VIEW else f"{s.metadata.get('source')}/{s.metadata.get('view')}" for s in here]
    anatomy, pathology = (
        mean_auroc(probed, label[known], [k for k, each in enumerate(roles) if each == role], strata)
        for role in ("anatomy", "pathology")
    )
    return lambda weights: anatomy(weights[known]), lambda weights: pathology(weights[known])


def mean_of(statistics: Sequence[Statistic]) -> Statistic:
    """The mean of several statistics."""
    return lambda weights: np.mean([statistic(weights) for statistic in statistics], axis=0)


def shown(pair: tuple[Statistic, Statistic], patients: NDArray[np.str_], positive: NDArray[np.bool_]) -> str:
    """Both roles and their difference, with intervals, as the last three cells of a row."""
    one, two, difference = compare_roles(pair, patients, positive)
    cells = [f"{e.value:.3f} ({e.interval.low:.3f}–{e.interval.high:.3f})" for e in (one, two)]
    low, high = difference.interval.low, difference.interval.high
    return "| " + " | ".join([*cells, f"{difference.value:+.3f} ({low:+.3f} to {high:+.3f})"]) + " |"


if __name__ == "__main__":
    main()
