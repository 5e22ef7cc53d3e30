"""All that is needed to argue with the numbers, or to make them again."""

from __future__ import annotations

from radz.report.blocks import Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import counted, number, without_identifiers


def section(contents: Contents) -> Section:
    """Model, data, protocol and software, as names, hashes, counts and seeds."""
    return Section("provenance", "Provenance", (_made(contents), _protocol(contents), _software(contents)))


def _made(contents: Contents) -> Table:
    made = contents.evaluation.provenance
    rows = {
        "model": made.model,
        "fingerprint of the weights": made.fingerprint,
        "anchors": made.anchors,
        "prompts": made.prompts,
        "control": made.control,
        "called": made.claim,
        "corpus": made.corpus,
        "split": made.split,
        "fold": made.fold,
        "hash of the split": made.split_hash,
        **{f"option {key}": value for key, value in without_identifiers(made.options).items()},
        **{f"policy {key}": value for key, value in without_identifiers(made.policies).items()},
        "images that could not be read": str(len(made.unreadable)),
        "seed of scoring": str(made.seed),
        **{f"scores of {name}, SHA-256": digest for name, digest in contents.hashes.items()},
    }
    return _pairs("Model and data", rows)


def _protocol(contents: Contents) -> Table:
    evaluation = contents.evaluation
    dropped = {f.concept: f.auroc_within.interval.dropped for f in evaluation.findings}
    undefined = ", ".join(f"{name} {count}" for name, count in dropped.items() if count)
    rows = {
        "protocol hash": evaluation.protocol_hash,
        "strata": " × ".join(evaluation.provenance.strata) or "all studies are one",
        "intervals": f"95 %, percentiles of {counted(evaluation.draws, 'draw')} of patients, seed {evaluation.seed}",
        "undefined draws, dropped": undefined or "none",
        "uncertain labels": evaluation.uncertain,
        "fewest comparable positives for the mean": number(evaluation.min_positives, 0),
        "scores": "as the model gives them, not reconciled along the hierarchy of findings",
    }
    return _pairs("Protocol", rows)


def _software(contents: Contents) -> Table:
    return _pairs("Software that made the scores", dict(contents.evaluation.provenance.software))


def _pairs(caption: str, values: dict[str, str]) -> Table:
    rows: list[Row] = [row(name, value) for name, value in values.items() if value]
    return table(caption, "what|value", rows, words="value")
