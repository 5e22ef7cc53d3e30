"""The notation of lexicon terms, and how text is folded before terms are searched in it.

A term is written in lower case without accents. ``*`` matches any ending ("nodul*"), ``...`` up to a few words without
punctuation ("heart ... enlarged").
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

MAX_GAP = 3
"""Most words that ``...`` matches in the term of a finding."""
_KEY_LENGTH = 3
_TOKEN = re.compile(r"\w+|[^\w\s]")

Value = TypeVar("Value")


def fold(text: str) -> str:
    """Lower case without accents; hyphens, slashes, underscores and runs of white space become one space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s_\-/]+", " ", plain).strip().lower()


def compiled(term: str, max_gap: int = MAX_GAP) -> re.Pattern[str]:
    """The regular expression of a term, for folded text. Cues act on group 1, the words after the last gap.

    In "heart is not enlarged" that is "enlarged", so that the "not" within the term counts.
    """
    *before, last = (_words(part) for part in term.split("..."))
    gap = rf" (?:\w+ ){{0,{max_gap}}}"
    starts, ends = (r"(?<!\w)" if term[0].isalnum() else ""), (r"(?!\w)" if term[-1].isalnum() else "")
    return re.compile(f"{starts}{''.join(f'{part}{gap}' for part in before)}({last}){ends}")


class TermIndex(Generic[Value]):
    """Terms with a value each, searched for in a sentence by the first letters of its words."""

    def __init__(self, terms: Iterable[tuple[str, Value]], max_gap: int = MAX_GAP) -> None:
        self._patterns: dict[str, list[tuple[re.Pattern[str], Value]]] = defaultdict(list)
        for term, value in terms:
            if first := _TOKEN.match(term):
                self._patterns[first[0][:_KEY_LENGTH]].append((compiled(term, max_gap), value))

    def find(self, folded: str) -> Iterator[tuple[re.Match[str], Value]]:
        """Every match of every term in a folded sentence, in no particular order."""
        words = _TOKEN.findall(folded)
        for key in {word[:length] for word in words for length in range(1, _KEY_LENGTH + 1)}:
            for pattern, value in self._patterns.get(key, ()):
                for match in pattern.finditer(folded):
                    yield match, value


def any_of(terms: Iterable[str]) -> re.Pattern[str]:
    """An expression for any of the terms, none of which has a gap; without terms it matches nothing."""
    longest_first = sorted(map(_words, terms), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)" if longest_first else r"(?!)")


def expanded(term: str, groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The term once for each word of the groups that it names in braces: "fractured {hardware}".

    Raises ValueError for a group that does not exist.
    """
    group = re.search(r"{(\w+)}", term)
    if group is None:
        yield term
        return
    if group[1] not in groups:
        raise ValueError(f"'{term}' names no group. Groups are {', '.join(groups) or 'none'}")
    for word in groups[group[1]]:
        yield from expanded(term.replace(group[0], word, 1), groups)


def _words(part: str) -> str:
    return re.escape(part.strip()).replace(r"\*", r"\w*").replace(r"\ ", " ")
