"""Everything needed to check or reproduce the numbers."""

from __future__ import annotations

from collections.abc import Mapping

from radz.report.blocks import Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import count, counted, without_identifiers
from radz.report.sections.findings import undefined_draws


def section(contents: Contents) -> Section:
    """Model, data, protocol and software, as names, hashes, counts and seeds."""
    return Section("provenance", "Provenance", (_data(contents), _protocol(contents), _software(contents)))


def _data(contents: Contents) -> Table:
    provenance = contents.evaluation.provenance
    rows = {
        "model": provenance.model,
        "fingerprint of the weights": provenance.fingerprint,
        "anchors": provenance.anchors,
        "prompts": provenance.prompts,
        "control": provenance.control,
        "claim": provenance.claim,
        "corpus": provenance.corpus,
        "split": provenance.split,
        "fold": provenance.fold,
        "hash of the split": provenance.split_hash,
        **{f"option {key}": value for key, value in without_identifiers(provenance.options).items()},
        **{f"policy {key}": value for key, value in without_identifiers(provenance.policies).items()},
        "images that could not be read": count(len(provenance.unreadable)),
        "seed of scoring": str(provenance.seed),
        **{f"scores of {name}, SHA-256": digest for name, digest in contents.hashes.items()},
    }
    return _pairs("Model and data", rows)


def _protocol(contents: Contents) -> Table:
    evaluation = contents.evaluation
    rows = {
        "protocol hash": evaluation.protocol_hash,
        "strata": " × ".join(evaluation.provenance.strata) or "all studies are one",
        "intervals": f"95%, percentiles of {counted(evaluation.draws, 'draw')} of patients, seed {evaluation.seed}",
        "undefined draws, dropped": undefined_draws(evaluation),
        "uncertain labels": evaluation.uncertain,
        "fewest comparable positives for the mean": count(evaluation.min_positives),
        "scores": "raw scores of the model, not reconciled along the hierarchy of findings",
    }
    return _pairs("Protocol", rows)


def _software(contents: Contents) -> Table:
    return _pairs("Software that made the scores", contents.evaluation.provenance.software)


def _pairs(caption: str, values: Mapping[str, str]) -> Table:
    rows = [row(name, value) for name, value in values.items() if value]
    return table(caption, ("item", "value"), rows, words={"value"})
