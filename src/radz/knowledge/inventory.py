"""The knowledge base counted and listed, as the Markdown of docs/knowledge.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from radz.knowledge import IMAGED, UNREVIEWED, Concept, KnowledgeBase

_INTRO = """# What the knowledge base holds

Made by `python -m radz.knowledge > docs/knowledge.md`; a test compares this page with the base. How to add an entry is
in [CONTRIBUTING](../CONTRIBUTING.md), how the base is used in [design.md](design.md).

Statements are the definition and each phrase of appearance, location, context and confusion. A statement is *sourced*
where its entry names the text that was opened to check it; everything else is general knowledge that nobody has
reviewed. A sentence with a source of its own (`statements`) is sourced once a person has reviewed it, and *cited,
unreviewed* before. Names in Spanish and Korean find a concept and mark exposure; sentences and anchors are English.

UMLS codes are those that PadChest's table gives its labels. This writes them, and without `--write` checks them:

    python benchmarks/_padchest_codes.py --table <PadChest's CSV> --write
"""
_TEXTS = ("appearance", "location", "context", "not_to_confuse")


def describe(knowledge: KnowledgeBase | None = None) -> str:
    """Markdown: how many concepts of each kind, how many statements have a source, then every concept."""
    concepts = [*(knowledge or KnowledgeBase.load())]
    parts = [[_INTRO], _counts(concepts), ["## Concepts", ""], _listing(concepts)]
    return "\n".join(chain.from_iterable(parts)) + "\n"


def statements(concept: Concept) -> list[str]:
    """Everything that an entry claims, but for sentences that have a source of their own."""
    return [*filter(None, [concept.definition]), *(text for name in _TEXTS for text in getattr(concept, name))]


def _counts(concepts: Sequence[Concept]) -> Iterator[str]:
    said = Counter(status for concept in concepts for status in _statuses(concept))
    languages = Counter(language for c in concepts for language in c.translations)
    yield from ["## Counts", "", f"{len(concepts)} concepts, {said.total()} statements.", ""]
    yield from _table("kind", Counter(c.kind for c in concepts))
    shown = [c for c in concepts if c.kind in IMAGED]
    yield from _table("image of findings and devices", Counter(f"{c.body_part}, {c.modality}" for c in shown))
    yield from _table("disease group of findings", Counter(c.group for c in concepts if c.kind == "finding"))
    yield from _table("statements", {"sourced": 0, **said})
    yield from _table("concepts with", _with(concepts) | {f"names in '{code}'": languages[code] for code in languages})


def _statuses(concept: Concept) -> Iterator[str]:
    """Of each statement, who stands behind it."""
    yield from (UNREVIEWED if concept.source == UNREVIEWED else "sourced" for _ in statements(concept))
    yield from ("sourced" if s.reviewed else f"cited, {UNREVIEWED}" for s in concept.statements)


def _with(concepts: Sequence[Concept]) -> dict[str, int]:
    return {
        "a broader concept": sum(bool(c.parents) for c in concepts),
        "a UMLS code": sum("UMLS" in c.codes for c in concepts),
        "a place in `predict`'s default list": sum(c.default for c in concepts),
    }


def _table(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield from [f"| {title} | number |", "|---|---:|"]
    yield from (f"| {name} | {number} |" for name, number in sorted(counts.items(), key=lambda item: -item[1]))
    yield ""


def _listing(concepts: Iterable[Concept]) -> Iterator[str]:
    yield from ["| id | name | kind | image | broader | es | ko | UMLS |", "|---|---|---|---|---|---|---|---|"]
    for c in concepts:
        first = (c.translations.get(language, ("",))[0] for language in ("es", "ko"))
        cells = (f"`{c.id}`", c.name, c.kind, f"{c.body_part}, {c.modality}", ", ".join(c.parents), *first)
        yield f"| {' | '.join(cells)} | {c.codes.get('UMLS', '')} |"
