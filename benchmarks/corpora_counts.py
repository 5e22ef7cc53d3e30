"""Positive images in public label files, counted by radz and by the classes of torchxrayvision.

    pip download torchxrayvision --no-deps && unzip torchxrayvision-*.whl -d WHEEL
    python benchmarks/corpora_counts.py --wheel WHEEL

torchxrayvision's column needs its requirements (scikit-image and others); without them it stays empty.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from radz import registry
from radz.data.corpora import Corpus
from radz.types import Presence

FILES = {  # corpus -> (label file of the wheel, its official name)
    "rsna": ("kaggle_stage_2_train_labels.csv.zip", "stage_2_train_labels.csv"),
    "siim": ("siim-pneumothorax-train-rle.csv.gz", "train-rle.csv.gz"),
    "vindr": ("vinbigdata-train.csv.gz", "train.csv.gz"),
}
RUNS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("rsna", {}), ("siim", {})),
    *(("vindr", {"readers": "any"}), ("vindr", {"readers": "majority"})),
)
THEIR_NAMES = {
    **{
        "cardiomegaly": "Cardiomegaly",
        "consolidation": "Consolidation",
        "pneumonia": "Pneumonia",
        "lung_opacity": "Lung Opacity",
        "pneumothorax": "Pneumothorax",
        "effusion": "Effusion",
    },
    **{"aortic_enlargement": "Aortic enlargement", "atelectasis": "Atelectasis", "calcification": "Calcification"},
    **{"interstitial_lung_disease": "ILD"},
    **{"infiltration": "Infiltration", "lung_lesion": "Nodule/Mass", "other_thoracic_abnormality": "Other Lesion"},
    **{"pleural_thickening": "Pleural_Thickening", "fibrosis": "Pulmonary Fibrosis"},
}


def main() -> None:
    """Print a table per corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, required=True, help="folder that the wheel was unpacked to")
    wheel = parser.parse_args().wheel
    for name, options in RUNS:
        ours, theirs = opened(name, wheel, options), _theirs(name, wheel)
        chosen = "".join(f", {key}: {value}" for key, value in options.items())
        rows = "" if theirs is None else f"; torchxrayvision: {len(theirs):,} rows"
        print(f"{name}{chosen}: {len(ours):,} images{rows}")
        for finding in ours.findings:
            present = sum(study.presence(finding) is Presence.PRESENT for study in ours.records)
            print(f"  {finding:<28} {present:>7,} {_count(theirs, finding):>9}".rstrip())


def opened(name: str, wheel: Path, options: Mapping[str, Any]) -> Corpus:
    """The corpus over the wheel's label file under its official name; images are not needed."""
    packed, official = FILES[name]
    root, source = Path(tempfile.mkdtemp()), wheel / "torchxrayvision" / "data" / packed
    if source.suffix == ".zip":
        zipfile.ZipFile(source).extractall(root)
    else:
        shutil.copy(source, root / official)
    corpus: Corpus = registry.load("corpora", name)(root, missing="later", **options)
    return corpus


def _theirs(name: str, wheel: Path) -> Any:
    sys.path.append(str(wheel))
    try:
        from torchxrayvision import datasets
    except ImportError:
        return None
    empty = tempfile.mkdtemp()
    classes: dict[str, Callable[[], Any]] = {
        "rsna": lambda: datasets.RSNA_Pneumonia_Dataset(empty, views=["PA", "AP"]),
        "siim": lambda: datasets.SIIM_Pneumothorax_Dataset(empty),
        "vindr": lambda: datasets.VinDr_Dataset(empty),
    }
    return classes[name]()


def _count(theirs: Any, finding: str) -> str:
    if theirs is None or THEIR_NAMES.get(finding) not in theirs.pathologies:
        return ""
    return f"{int(theirs.labels[:, list(theirs.pathologies).index(THEIR_NAMES[finding])].sum()):,}"


if __name__ == "__main__":
    main()
