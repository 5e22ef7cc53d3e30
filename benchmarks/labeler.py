"""How well the report labeler agrees with the labels that two corpora publish, and with sentences of many kinds.

    RADZ_DEV_DATA=<folder> python benchmarks/labeler.py openi
    python benchmarks/labeler.py padchest --table <PadChest's CSV>
    python benchmarks/labeler.py sentences

Reports are halved by a hash of report (Open-I) or patient (PadChest): rules were written on ``develop``, the other
half, ``report``, is for published numbers. It prints counts and rates, never a text. ``--classifier`` replaces the
labeler's own classifier of mentions by that of a library.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import _negation_libraries
import numpy as np
import pandas as pd
import yaml

from radz.data.splits import hash_fraction
from radz.knowledge import KnowledgeBase
from radz.text import labeler
from radz.text.labeler import Labels, label_report, label_reports
from radz.types import Presence

SALT, SEED, RESAMPLES = "radz-labeler", 0, 2000
MAPPING = Path(__file__).with_name("labeler_labels.yaml")
SENTENCES = Path(__file__).parent.parent / "tests" / "text" / "report_sentences.tsv"
CLASSIFIERS = {"negspacy": "NegspacyClassifier", "medspacy": "MedspacyClassifier"}
POSITIVE = {"present": {Presence.PRESENT}, "present or uncertain": {Presence.PRESENT, Presence.UNCERTAIN}}


def openi(table: Path | None) -> pd.DataFrame:
    """Columns key, report, labels (a list) of the Open-I reports that have manual labels."""
    rows = pd.read_csv(table or Path(os.environ["RADZ_DEV_DATA"]) / "openi_reports.csv")
    rows = rows[~rows.mesh_major.str.contains("No Indexing")]
    parts = rows[["indication", "findings", "impression"]].fillna("")
    report = "INDICATION: " + parts.indication + "\nFINDINGS: " + parts.findings + "\nIMPRESSION: " + parts.impression
    labels = [[label.strip() for label in cell.split(";")] for cell in rows.mesh_major]
    return pd.DataFrame({"key": rows.uid.astype(str), "report": report, "labels": labels})


def padchest(table: Path | None) -> pd.DataFrame:
    """The same of the PadChest reports that physicians labelled; one row per report."""
    if table is None:
        raise SystemExit("--table is needed: the PadChest CSV, e.g. of the wheel torchxrayvision, folder data/.")
    rows = pd.read_csv(table, usecols=["PatientID", "ReportID", "Report", "MethodLabel", "Labels"])
    rows = rows[rows.MethodLabel == "Physician"].dropna(subset=["Report", "Labels"]).drop_duplicates("ReportID")
    labels = [[label.strip() for label in ast.literal_eval(cell)] for cell in rows.Labels]
    rows = pd.DataFrame({"key": rows.PatientID.astype(str), "report": rows.Report, "labels": labels})
    return rows[[bool(each) and "exclude" not in each for each in rows.labels]]


CORPORA: dict[str, tuple[Callable[[Path | None], pd.DataFrame], str]] = {
    "openi": (openi, "en"),
    "padchest": (padchest, "es"),
}


def truth(labels: list[str], relations: Mapping[str, list[str]]) -> bool | None:
    """Whether the corpus says that the concept is there; None where it has only a broader label."""
    if any(has(labels, name) for kind in ("exact", "narrower") for name in relations.get(kind, ())):
        return True
    return None if any(has(labels, name) for name in relations.get("broader", ())) else False


def has(labels: list[str], name: str) -> bool:
    """Whether a label has the heading of ``name`` and each of its qualifiers."""
    head, *qualifiers = name.lower().split("/")
    split = [[part.strip() for part in label.lower().split("/")] for label in labels]
    return any(parts[0] == head and set(qualifiers) <= set(parts) for parts in split)


def counts(truths: list[bool | None], predicted: list[Labels], concept: str, positive: set[Presence]) -> np.ndarray:
    """True positives, false positives, false negatives, true negatives, (4,)."""
    cells = np.zeros(4, dtype=np.int64)
    for true, labels in zip(truths, predicted, strict=True):
        if true is not None:
            positive_label = labels.get(concept) in positive
            cells[(0 if true else 1) if positive_label else (2 if true else 3)] += 1
    return cells


def rates(cells: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall, F1; NaN where undefined."""
    tp, fp, fn, _ = cells.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return tuple(np.float64(tp) / (tp + x) for x in (fp, fn, (fp + fn) / 2))  # type: ignore[return-value]


def interval(cells: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap of F1 over reports."""
    draws = np.random.default_rng(SEED).multinomial(cells.sum(), cells / cells.sum(), RESAMPLES)
    low, high = np.nanpercentile([rates(draw)[2] for draw in draws], [2.5, 97.5])
    return float(low), float(high)


def lines(rows: pd.DataFrame, predicted: list[Labels], mapping: Mapping[str, dict[str, list[str]]]) -> Iterator[str]:
    """A Markdown table: one line per concept that the corpus has labels for, then the macro average."""
    yield "| finding | labelled | set aside | TP | FP | FN | precision | recall | F1 (95 %) | P+U | R+U | F1+U |"
    yield "|---|" + "---:|" * 11
    firsts, seconds = [], []
    for concept, relations in mapping.items():
        truths = [truth(labels, relations) for labels in rows.labels]
        strict, lenient = (counts(truths, predicted, concept, positive) for positive in POSITIVE.values())
        first, second, (low, high) = rates(strict), rates(lenient), interval(strict)
        firsts.append(first), seconds.append(second)
        tp, fp, fn, _ = strict
        yield (
            f"| {concept} | {tp + fn} | {truths.count(None)} | {tp} | {fp} | {fn} | {first[0]:.2f} | {first[1]:.2f} "
            f"| {first[2]:.2f} ({low:.2f}–{high:.2f}) | " + " | ".join(f"{rate:.2f}" for rate in second) + " |"
        )
    means = [*np.nanmean(firsts, axis=0), *np.nanmean(seconds, axis=0)]
    yield "| **macro** | | | | | | " + " | ".join(f"{mean:.2f}" for mean in means) + " |"


def kinds(table: Path) -> Iterator[str]:
    """A Markdown table: kind of sentence -> how many are labelled as expected.

    Columns of the file: kind, lang, report (``\\n`` is a line break), expected (``concept=presence|presence``, joined
    by ``;``; ``none`` where the concept must not be a key).
    """
    rows = pd.read_csv(table, sep="\t", quoting=csv.QUOTE_NONE)
    reports = [report.replace("\\n", "\n") for report in rows.report]
    labels = [label_report(report, language) for report, language in zip(reports, rows.lang, strict=True)]
    rows["right"] = [is_right(each, expected) for each, expected in zip(labels, rows.expected, strict=True)]
    yield from ("| kind | right | of |", "|---|---:|---:|")
    for kind, group in rows.groupby("kind", sort=False):
        yield f"| {kind} | {group.right.sum()} | {len(group)} |"
    yield f"| **all** | {rows.right.sum()} | {len(rows)} |"


def is_right(labels: Labels, expected: str) -> bool:
    """Whether every concept that ``expected`` names has one of the presences that it allows."""
    allowed = (item.split("=") for item in expected.split(";"))
    return all(str(labels.get(concept, "none")) in presences.split("|") for concept, presences in allowed)


def main() -> None:
    """Label the chosen half of a corpus, or the sentences, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", choices=(*CORPORA, "sentences"), default="openi", help="default: openi")
    parser.add_argument("--half", choices=("develop", "report"), default="report", help="which half (default: report)")
    parser.add_argument("--table", type=Path, help="the table of reports, if it is not at its default place")
    parser.add_argument("--classifier", choices=CLASSIFIERS, help="a library instead of radz's own classifier")
    parser.add_argument("--processes", type=int, default=1, help="processes (radz's own classifier only)")
    args = parser.parse_args()
    if args.classifier:
        labeler.MentionClassifier = getattr(_negation_libraries, CLASSIFIERS[args.classifier])  # type: ignore[misc]
    if args.corpus == "sentences":
        print("\n".join(kinds(args.table or SENTENCES)))
        return
    if args.corpus == "openi" and not args.table and "RADZ_DEV_DATA" not in os.environ:
        print("Skipped: neither --table nor RADZ_DEV_DATA says where the reports are.")
        return
    rows, language, mapping = load(args.corpus, args.half, args.table)
    predicted = label_reports(rows.report.tolist(), language, args.processes)
    print(f"{args.corpus}, half '{args.half}': {len(rows)} reports\n")
    print("\n".join(lines(rows, predicted, mapping)))


def load(corpus: str, half: str, table: Path | None) -> tuple[pd.DataFrame, str, dict[str, dict[str, list[str]]]]:
    """Reports of a half, their language, and the mapping; raises where a mapped concept is not known."""
    read, language = CORPORA[corpus]
    rows = read(table)
    rows = rows[[(hash_fraction(key, SALT) < 0.5) == (half == "develop") for key in rows.key]]
    mapping = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))[corpus]
    knowledge = KnowledgeBase.load()
    return rows, language, {knowledge[concept].id: relations for concept, relations in mapping.items()}


if __name__ == "__main__":
    main()
