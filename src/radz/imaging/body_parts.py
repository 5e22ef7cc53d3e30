"""Body parts as headers name them: in several languages, with the view attached, with and without accents."""

from __future__ import annotations

import re
import unicodedata

CHEST = frozenset(
    (
        *("CHEST", "CHST", "CXR", "THORAX", "LUNG", "LUNGS"),  # English
        *("TORAX", "PECHO", "PULMON", "PULMONES", "PEITO", "PULMAO", "PULMOES"),  # Spanish, Portuguese
        *("TORACE", "POLMONE", "POLMONI", "POUMON", "POUMONS"),  # Italian, French
        *("BRUSTKORB", "BRUST", "LUNGE", "LUNGEN", "BORST", "BORSTKAS"),  # German, Dutch
        *("BROSTKORG", "LUNGOR", "BRYSTKASSE", "KLATKA", "PLUCA", "HRUDNIK", "PLICE"),  # Swedish, Danish, Polish, Czech
        *("TORAKS", "THORAKS", "GOGUS", "AKCIGER"),  # Turkish, Indonesian
        *("ГРУДЬ", "ГРУДНАЯ", "ОГК", "ЛЕГКИЕ", "胸部", "胸", "胸片", "흉부"),  # Russian, Chinese, Japanese, Korean
    )
)
"""Words for the chest and the lungs in several languages, without accents."""
_VIEW = re.compile(r"(?:PA|AP|LAT|LATERAL|LL|RL|L|R|[12]V|[12]VIEWS?|PORT|PORTABLE)$")
_EXAMINATION = re.compile(r"^(?:RX|XR|CR|DX)(?=.{3})")


def body_part_words(term: str) -> frozenset[str]:
    """Words of a BodyPartExamined, upper case, without accents; each word for the chest is ``CHEST``.

    >>> sorted(body_part_words("Tórax PA")), sorted(body_part_words("CHESTPA")), sorted(body_part_words("left hand"))
    (['CHEST', 'PA'], ['CHEST'], ['HAND', 'LEFT'])
    """
    decomposed = unicodedata.normalize("NFKD", term).upper()
    composed = unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
    return frozenset(map(_plain, re.findall(r"[^\W_]+", composed)))


def _plain(word: str) -> str:
    bare = _EXAMINATION.sub("", word)
    return "CHEST" if not CHEST.isdisjoint((word, bare, _VIEW.sub("", bare))) else word
