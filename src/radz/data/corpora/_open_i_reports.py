"""The XML reports of Open-I: text, index terms and images of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from radz.data.ontology import concepts_of, labels_of
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase, fold
from radz.text.sections import remove_marks
from radz.types import NORMAL

_SECTIONS = ("FINDINGS", "IMPRESSION")


@dataclass(frozen=True, slots=True)
class Report:
    """One report. images: ids in its order. major: headings that people gave; automatic: terms that a program found."""

    uid: str
    text: str
    images: tuple[str, ...]
    major: tuple[str, ...]
    automatic: tuple[str, ...]


def read_reports(folder: Path) -> list[Report]:
    """Reports of a folder in the order of their numbers. Raises CorpusError for a file that is not such a report."""
    return [_read(path) for path in sorted(folder.glob("*.xml"), key=lambda path: (len(path.stem), path.stem))]


def labels_in(headings: Iterable[str]) -> set[str]:
    """Labels of ``labels/open_i.yaml`` that headings such as ``Diaphragm/right/elevated`` hold.

    Raises CorpusError for a heading whose first part has no entry there.
    """
    known = _known_labels()
    labels = set()
    for heading in headings:
        first, *qualifiers = (_folded(part) for part in heading.split("/"))
        if first not in known:
            raise CorpusError(
                f"'{heading}' does not begin with a heading of src/radz/data/labels/open_i.yaml. Add it there."
            )
        labels |= {known[name] for name in (first, *(f"{first}/{q}" for q in qualifiers)) if name in known}
    return labels


@cache
def labelled_by(term: str) -> frozenset[str]:
    """Concepts of the corpus that a term found by a program names; of another concept, those that it is a kind of."""
    named, ours, knowledge = concepts_in(term), {*concepts_of("open_i")}, KnowledgeBase.load()
    above = (concept for name in named - ours for concept in knowledge.lineage(name))
    return frozenset((named | {*above}) & ours)


@cache
def concepts_in(term: str) -> frozenset[str]:
    """Findings and devices whose names a term found by a program is or contains, the longest first, plurals undone."""
    names = _names()
    words = [_singular(word) for word in re.findall(r"[a-z0-9]+", fold(term))]
    concepts, at = set(), 0
    while at < len(words):
        spans = (" ".join(words[at:end]) for end in range(len(words), at, -1))
        name = next((span for span in spans if span in names), None)
        concepts |= {names[name]} if name else set()
        at += len(name.split()) if name else 1
    return frozenset(concepts)


def _read(path: Path) -> Report:
    try:
        root = ElementTree.parse(path).getroot()
        uid = root.find("uId").attrib["id"]  # type: ignore[union-attr]  # its absence is one of the errors below
        images = tuple(node.attrib["id"] for node in root.iter("parentImage"))
    except (ElementTree.ParseError, AttributeError, KeyError, ValueError, LookupError) as error:
        raise CorpusError(
            f"{path}: is not a report of Open-I ({type(error).__name__}). Unpack the archive again."
        ) from None
    texts = {node.get("Label"): (node.text or "").strip() for node in root.iter("AbstractText")}
    return Report(
        uid,
        "\n\n".join(remove_marks(texts[label]).strip() for label in _SECTIONS if texts.get(label)),
        images,
        tuple(_texts(root, "MeSH/major")),
        tuple(_texts(root, "MeSH/automatic")),
    )


def _texts(root: ElementTree.Element, path: str) -> Iterator[str]:
    yield from (node.text.strip() for node in root.findall(f".//{path}") if node.text)


@cache
def _known_labels() -> dict[str, str]:
    return {_folded(label): label for label in labels_of("open_i")}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


@cache
def _names() -> dict[str, str]:
    """English names of findings and devices, their words singular, with the concept."""
    concepts = [c for c in KnowledgeBase.load() if c.kind in ("finding", "device") and c.id != NORMAL]
    named = ((name, c.id) for c in concepts for name in (c.id, *c.names, *c.labels))
    return {" ".join(_singular(w) for w in re.findall(r"[a-z0-9]+", fold(name))): concept for name, concept in named}


def _singular(word: str) -> str:
    """``atelectases`` -> ``atelectasis``, ``densities`` -> ``density``, ``nodules`` -> ``nodule``."""
    for ending, single in (("ases", "asis"), ("oses", "osis"), ("ies", "y"), ("ss", "ss"), ("is", "is"), ("us", "us")):
        if word.endswith(ending):
            return word.removesuffix(ending) + single
    return word.removesuffix("s") if len(word) > 3 else word
