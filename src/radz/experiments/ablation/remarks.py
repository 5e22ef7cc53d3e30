"""Remarks on the numbers of a record: how they were computed, and whether they may be called zero-shot."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from radz.experiments.ablation.record import Record, is_finished
from radz.report.format import count, number
from radz.types import Exposure


def remarks(record: Record) -> list[str]:
    """The remarks on one record."""
    if not is_finished(record):
        return ["Nothing has been run yet."]
    return [method_line(record), zero_shot_line(record), *time_line([record])]


def method_line(record: Record) -> str:
    """The average, its images and its intervals in words, for a record with finished arms."""
    first = next(arm for arm in record["arms"].values() if arm["done"])
    seeds = len(record["seeds"])
    varied = f"{seeds} seeds" if seeds > 1 else "one seed: the intervals do not include the variation between seeds"
    return (
        f"Macro AUROC over {len(first['findings'])} findings, positives compared with negatives of the same fold, "
        f"source and view; 95% intervals from {count(record['draws'])} bootstrap draws of the {first['patients']} "
        f"patients ({count(first['studies'])} images), at the seeds that were run ({varied}). Differences are paired "
        "over images and seeds and over the runs that both arms have finished."
    )


def zero_shot_line(record: Record) -> str:
    """Label-text supervised, or zero-shot, by what the models have seen of the findings."""
    unseen = sorted(concept for concept, mark in record["exposure"].items() if mark == Exposure.UNSEEN.value)
    if len(unseen) == len(record["exposure"]) > 0:
        return "No model had seen any of these findings: a zero-shot result."
    rest = f"Only {', '.join(unseen)} may be called zero-shot." if unseen else "None of it is a zero-shot result."
    if record["texts"] == ["report"]:
        return f"The models were trained on reports. {rest}"
    return f"The training texts are sentences written from labels: these models are label-text supervised. {rest}"


def time_line(records: Iterable[Record]) -> list[str]:
    """How long the runs of these records took, each counted once; nothing if no record says."""
    runs, starts = dict[str, float | None](), dict[str, float | None]()
    for record in records:
        starts |= record.get("start_seconds", {})
        for arm in record["arms"].values():
            names = [arm["runs"][place] for place in arm["cells"]]
            runs |= dict(zip(names, arm["training_seconds"], strict=True))
    arms, stages = ([seconds for seconds in timed.values() if seconds is not None] for timed in (runs, starts))
    if not arms:
        return []
    line = (
        f"Training an arm on a fold took {_minutes(median(arms))} minutes (median), and {_minutes(max(arms))} at most "
        f"({len(arms)} runs)"
    )
    if stages:
        line += (
            f"; the stage that arms start from took {_minutes(median(stages))}, once per fold, seed and set of images "
            f"({len(stages)})"
        )
    return [f"{line}; {number((sum(arms) + sum(stages)) / 3600, 1)} hours in total, by the clock."]


def _minutes(seconds: float) -> str:
    return number(seconds / 60, 1)
