"""Splits the text of a report into sentences and list items."""

from __future__ import annotations

import re

# A line that starts with a capital or a list mark is a new statement; a wrapped line goes on in lower case.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*(?=\n|[A-ZÁÉÍÓÚÑ]|[-*•]\s|\d+[.)]\s)")


def split_sentences(text: str) -> list[str]:
    """Sentences and list items, in order, without surrounding white space."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
