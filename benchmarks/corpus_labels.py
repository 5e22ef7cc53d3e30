"""Labels of our corpora and of torchxrayvision's classes, counted on the same public tables and reports.

    pip install torchxrayvision
    python benchmarks/corpus_labels.py            # the tables of the installed package; no image is needed

Each class of torchxrayvision is compared with the concept of the same meaning, on the images that its class keeps.
Where the counts differ, the labels that only one side counts are listed. As a check, images are also selected from our
reading of the labels, once by torchxrayvision's words and once by our concepts: the exit code is 1 unless the first
are exactly the images that torchxrayvision calls present, and the second ours. ChestX-ray14 and CheXpert must agree
image by image, also in what is absent.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _public_tables import open_chestxray14, open_chexpert, open_open_i, open_padchest
from numpy.typing import NDArray

from radz.data.corpora._open_i_reports import concepts_in, read_reports
from radz.data.corpora.padchest import labels_in
from radz.data.ontology import to_concepts
from radz.knowledge import KnowledgeBase
from radz.types import Presence

PADCHEST_WORDS = {
    "Infiltration": (
        *("infiltrates", "interstitial pattern", "ground glass pattern", "reticular interstitial pattern"),
        *("reticulonodular interstitial pattern", "alveolar pattern", "consolidation", "air bronchogram"),
    ),
    "Pleural_Thickening": ("pleural thickening",),
    "Consolidation": ("air bronchogram",),
    "Hilar Enlargement": ("adenopathy", "pulmonary artery enlargement"),
    "Support Devices": ("device", "pacemaker"),
    "Tube": ("tube'", "stent'"),
}
OPEN_I_WORDS = {
    "Pleural_Thickening": ("pleural thickening",),
    "Infiltration": ("infiltrate",),
    "Atelectasis": ("atelectases",),
    "Lung Opacity": ("opacity",),
    "Lung Lesion": ("lesion",),
}
"""Words, besides the class's name, that torchxrayvision 1.5.7 looks for anywhere in the labels."""

VALUES = {Presence.PRESENT: 1.0, Presence.ABSENT: 0.0}


@dataclass(frozen=True)
class Comparison:
    """N images of one corpus. theirs: class -> 1, 0 or NaN, (N,). ours, labels: presences and labels of each image."""

    findings: Sequence[str]
    theirs: Mapping[str, NDArray[np.float32]]
    ours: Sequence[Mapping[str, Presence]]
    labels: Sequence[Collection[str]] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    concepts: Callable[[str], Collection[str]] = frozenset


def chestxray14(xrv: Any, data: Path, folder: Path) -> Comparison:
    theirs = everything(xrv.datasets.NIH_Dataset, data)
    ours = open_chestxray14(data, folder)
    return Comparison(ours.findings, totals(theirs), labels_of(ours, theirs.csv["Image Index"]))


def chexpert(xrv: Any, data: Path, folder: Path) -> Comparison:
    theirs = everything(xrv.datasets.CheX_Dataset, data)
    ids = theirs.csv["Path"].str.partition("/")[2]
    ours = open_chexpert(data, folder)
    return Comparison(ours.findings, totals(theirs), labels_of(ours, ids))


def padchest(xrv: Any, data: Path, folder: Path) -> Comparison:
    theirs = everything(xrv.datasets.PC_Dataset, data)
    labels = [labels_in(cell) for cell in theirs.csv["Labels"]]
    ours = open_padchest(data, folder)
    return Comparison(
        ours.findings, totals(theirs), labels_of(ours, theirs.csv["ImageID"]), labels, PADCHEST_WORDS, meant_by
    )


def open_i(xrv: Any, data: Path, folder: Path) -> Comparison:
    theirs = everything(xrv.datasets.Openi_Dataset, data)
    corpus = open_open_i(data, folder, labels="automatic")
    reports = read_reports(folder / "ecgen-radiology")
    terms = {image: report.automatic for report in reports for image in report.images}
    labels = [terms[image] for image in theirs.csv["imageid"]]
    ours = labels_of(corpus, theirs.csv["imageid"])
    return Comparison(corpus.findings, totals(theirs), ours, labels, OPEN_I_WORDS, concepts_in)


CORPORA = {"chestxray14": chestxray14, "chexpert": chexpert, "padchest": padchest, "open_i": open_i}


def meant_by(label: str) -> Collection[str]:
    """Concepts that a label of PadChest makes present."""
    return to_concepts("padchest", {label: Presence.PRESENT})


def everything(dataset: Any, data: Path) -> Any:
    """A class of theirs with all images, not those of one view or the first of each patient."""
    return dataset(imgpath=str(data), views=["*"], unique_patients=False)


def totals(dataset: Any) -> dict[str, NDArray[np.float32]]:
    return dict(zip(dataset.pathologies, dataset.labels.T, strict=True))


def labels_of(corpus: Any, ids: pd.Series) -> list[Mapping[str, Presence]]:
    labels = {study.study_id: study.labels for study in corpus.records}
    return [labels[image] for image in ids]


def rows(images: Comparison) -> Iterator[tuple[str, tuple[int, int], tuple[int, int], list[str], list[str], bool]]:
    """Class, their counts, ours, labels only they count, labels only we count, and whether that explains all."""
    alphabet = Counter(label for labels in images.labels for label in labels)
    for name, theirs in images.theirs.items():
        concept = KnowledgeBase.load()[name].id
        if concept not in images.findings:
            continue
        ours = np.array([VALUES.get(labels.get(concept), np.nan) for labels in images.ours], np.float32)
        looked_for = {label for label in alphabet if has_word(label, name, images.words)}
        meant = {label for label in alphabet if concept in lineage(images.concepts(label))}
        whole = np.array_equal(theirs, ours, equal_nan=True)
        if images.labels:
            picked = ([not chosen.isdisjoint(labels) for labels in images.labels] for chosen in (looked_for, meant))
            whole = all(np.array_equal(side == 1, again) for side, again in zip((theirs, ours), picked, strict=True))
        only = (
            sorted(a - b, key=lambda label: (-alphabet[label], label))
            for a, b in ((looked_for, meant), (meant, looked_for))
        )
        yield name, counted(theirs), counted(ours), *only, whole


def counted(values: NDArray[np.float32]) -> tuple[int, int]:
    """Present and absent."""
    return int((values == 1).sum()), int((values == 0).sum())


def has_word(label: str, name: str, words: Mapping[str, Sequence[str]]) -> bool:
    cell = f"'{label.lower()}'"
    class_word = "tube'" if name == "Tube" else name.lower()
    return any(word in cell for word in (class_word, *words.get(name, ())))


def lineage(concepts: Collection[str]) -> set[str]:
    knowledge = KnowledgeBase.load()
    return {above for concept in concepts for above in knowledge.lineage(concept)}


def report(name: str, images: Comparison) -> bool:
    print(f"\n{name}: {len(images.ours):,} images\n")
    print("| class | torchxrayvision: present | absent | radz: present | absent | only they count | only we count |")
    print("|---|---:|---:|---:|---:|---|---|")
    whole = True
    for label, theirs, ours, only_theirs, only_ours, explained in rows(images):
        listed = (shown(names) for names in (only_theirs, only_ours))
        print(f"| {label} | {theirs[0]} | {theirs[1]} | {ours[0]} | {ours[1]} | {' | '.join(listed)} |")
        whole &= explained
    none = [c for c in images.theirs if KnowledgeBase.load()[c].id not in images.findings]
    if none:
        print(f"\nNo label of the corpus means {', '.join(none)} in radz.")
    print("\nNothing else differs." if whole else "\nA DIFFERENCE IS NOT EXPLAINED.")
    return whole


def shown(names: Sequence[str], most: int = 4) -> str:
    return "; ".join(names[:most]) + (f"; {len(names) - most} more" if len(names) > most else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", default=[*CORPORA], help="those to compare; default, all")
    options = parser.parse_args()
    import torchxrayvision

    data = Path(torchxrayvision.__file__).parent / "data"
    whole = True
    for name in options.corpora:
        with tempfile.TemporaryDirectory() as folder:
            whole &= report(name, CORPORA[name](torchxrayvision, data, Path(folder)))
    return int(not whole)


if __name__ == "__main__":
    raise SystemExit(main())
