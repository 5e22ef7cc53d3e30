"""Splits the text of a report into sentences and list items, whatever its layout."""

from __future__ import annotations

import re
from itertools import pairwise

_ANSWER = r"(?:no|none|absent|negative|ausente|negativo)\b"
_SENTENCE_END = re.compile(
    r"\n"
    r"|(?<=[.!])(?<!\bvs\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bdr\.)\s+"
    rf"|(?<=\w\?)\s+(?!{_ANSWER})"
    r"|(?<=[^\W\d_]{3}\.)(?=[^\W\d_]{2})"  # no space after a full stop: "No effusion.No mass"
    r"|(?<=^\d[.)])(?=[^\W\d_])|(?<=\s\d[.)])(?=[^\W\d_])"  # or after the number of a list item: "1.No mass"
    r"|\s(?=\d[.)]\s+(?-i:[A-ZÁÉÍÓÚÑ]))",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[-*•]\s|\d+[.)]|[^\n:.=]{1,40}(?:[:=]|\s[-–—]\s)")
"""Start of a line that is a list item, or a label with its value."""
_NEXT_LABEL = re.compile(rf"([:=]\s*(?:{_ANSWER}|present|yes|positive))\s+(?=[^\W\d_][\w ]{{2,30}}[:=])", re.IGNORECASE)
"""A value and the next label in one line: "MASS: NONE EFFUSION: NONE"."""
_LONG_LINE = 50
_OPEN_WORD = re.compile(
    r",$|\b(?:a|an|the|no|not|without|of|or|and|nor|with|in|on|at|to|for|from|by|is|are|was|were|be|been|has|have|had"
    r"|there|this|these|that|which|right|left|bilateral|upper|lower|middle|large|small|acute|chronic|focal|definite"
    r"|significant|new|old|mild|moderate|severe|minimal|pleural|pulmonary|possible|probable|likely|any|evidence"
    r"|el|la|los|las|un|una|de|del|sin|ni|o|y|e|con|en|por|para|se|es|son|hay|al|lado|lobulo|lóbulo)$",
    re.IGNORECASE,
)
"""End of a line whose sentence continues in the next one."""
_ANSWERED_QUESTION = re.compile(rf"\?\s*(?={_ANSWER})", re.IGNORECASE)
_DASH = re.compile(r"(?<=[^\W\d_])(?:\s+[-–—]+\s+|-\s+|\s*=+\s*)(?=[^\W\d_])")
_MINUS = re.compile(r"\(\s*[-–]\s*\)")
_LEADING_QUESTION_MARK = re.compile(r"(?<!\w)\?\s+(?=\w)")


def split_sentences(text: str) -> list[str]:
    """Sentences and list items, in order, without surrounding white space; wrapped lines are joined."""
    return [part.strip() for part in _SENTENCE_END.split(_NEXT_LABEL.sub(r"\1\n", _join_wrapped(text))) if part.strip()]


def unify_marks(sentence: str) -> str:
    """The sentence with one form of label and value: "Mass - no", "Mass? No" and "Mass (-)" become "Mass: no".

    A question mark before a word moves next to it: "? mass" becomes "?mass".
    """
    sentence = _ANSWERED_QUESTION.sub(": ", _DASH.sub(": ", _MINUS.sub(": no", sentence)))
    return _LEADING_QUESTION_MARK.sub("?", sentence)


def _join_wrapped(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    pieces = lines[:1]
    for line, following in pairwise(lines):
        pieces += [" " if _is_wrapped(line, following) else "\n", following]
    return "".join(pieces)


def _is_wrapped(line: str, following: str) -> bool:
    """Whether a sentence that begins in one line continues in the next."""
    if not line or not following or line.endswith((".", "!", "?", ":", ";")) or _ITEM.match(following):
        return False
    if not following[0].isupper() or _OPEN_WORD.search(line):
        return True
    return line.isupper() and len(line) >= _LONG_LINE
