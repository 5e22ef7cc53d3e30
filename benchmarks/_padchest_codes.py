"""The UMLS codes of the knowledge base, as PadChest's table gives them to its labels.

    python benchmarks/_padchest_codes.py --table <PadChest's CSV, e.g. of the wheel torchxrayvision, folder data/>

The table lists a film's labels and its codes in two columns, without saying which code is whose. A code is taken for
a label's where exactly the same films have both, and no other label or code has these films. It prints what differs
from the base and ends with 1 where something does; ``--write`` puts the codes into the files.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pandas as pd

from radz.knowledge import Concept, KnowledgeBase, fold

FOLDER = Path(str(files("radz.knowledge"))) / "concepts"
SPELT_OTHERWISE = {
    "bullas": "bulla",
    "pneumoperitoneo": "pneumoperitoneum",
    "pectum excavatum": "pectus_excavatum",
    "pectum carinatum": "pectus_carinatum",
    "mediastinic lipomatosis": "mediastinal_lipomatosis",
    "dai": "implantable_defibrillator",
    "esophagic dilatation": "esophageal_dilatation",
}
"""Labels that mean a concept exactly and are no good English name of it."""


def codes_of_labels(table: Path) -> dict[str, str]:
    """PadChest's label -> its UMLS code."""
    rows = pd.read_csv(table, usecols=["Labels", "labelCUIS"], low_memory=False).dropna(subset=["Labels"])
    labels = films_of({label.strip() for label in ast.literal_eval(cell)} for cell in rows.Labels)
    codes = films_of(set(re.findall(r"C\d{7}", str(cell))) for cell in rows.labelCUIS)
    return {
        names[0]: codes[films][0]
        for films, names in labels.items()
        if len(names) == 1 and len(codes.get(films, ())) == 1
    }


def films_of(cells: Iterable[set[str]]) -> dict[tuple[int, ...], list[str]]:
    """Films -> what stands on exactly these."""
    where: dict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(cells):
        for name in cell - {""}:
            where[name].append(row)
    codes: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, rows in where.items():
        codes[tuple(rows)].append(name)
    return codes


def codes_of_concepts(labels: dict[str, str], knowledge: KnowledgeBase) -> dict[str, str]:
    """Concept id -> code of the label that means it exactly: its name first, else the longest synonym."""
    codes: dict[str, str] = {}
    for label, code in sorted(labels.items(), key=lambda item: (-rank(item[0], knowledge), -len(item[0]))):
        if rank(label, knowledge):
            codes.setdefault(concept_of(label, knowledge).id, code)
    return codes


def rank(label: str, knowledge: KnowledgeBase) -> int:
    """2 for a canonical name, 1 for another exact name, 0 for none."""
    if label not in knowledge and label not in SPELT_OTHERWISE:
        return 0
    concept = concept_of(label, knowledge)
    exact = {fold(name) for name in (concept.id, *concept.names)}
    return 2 if fold(label) == fold(concept.name) else int(fold(label) in exact or label in SPELT_OTHERWISE)


def concept_of(label: str, knowledge: KnowledgeBase) -> Concept:
    """The concept that a label names."""
    return knowledge[SPELT_OTHERWISE.get(label, label)]


def write(codes: dict[str, str]) -> None:
    """Put each code behind the last line of its entry."""
    for path in sorted(FOLDER.glob("*.yaml")):
        entries = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
        path.write_text("\n\n".join(coded(entry, codes) for entry in entries) + "\n", encoding="utf-8")


def coded(entry: str, codes: dict[str, str]) -> str:
    """An entry with its code; what is no entry, such as a comment, as it is."""
    kept = re.sub(r"\n  codes: .*", "", entry)
    code = codes.get(kept.partition(":")[0])
    return f"{kept}\n  codes: {{UMLS: {code}}}" if code else kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="put the codes into the files")
    options = parser.parse_args()
    knowledge = KnowledgeBase.load()
    labels = codes_of_labels(options.table)
    codes = codes_of_concepts(labels, knowledge)
    print(f"{len(labels)} labels with a code, {len(codes)} of them mean a concept exactly")
    if options.write:
        write(codes)
        return 0
    wrong = {c.id for c in knowledge if c.codes.get("UMLS") != codes.get(c.id)}
    print(f"differ from the base: {', '.join(sorted(wrong)) or 'none'}")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
