"""One file per corpus; the file name is the corpus's name. Their classes are imported from here on demand.

>>> corpus = radz.corpora.Rsna(root, "test")  # doctest: +SKIP
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radz.data.corpora._corpus import Corpus as Corpus


def __getattr__(name: str) -> Any:
    """The class ``name`` of a corpus, or ``Corpus``, the base class of all."""
    from radz import registry

    if name == "Corpus":
        from radz.data.corpora._corpus import Corpus

        return Corpus
    if name not in _corpus_of_class():
        raise AttributeError(f"radz.corpora has no '{name}'. Known: Corpus, {', '.join(_corpus_of_class())}.")
    return registry.load("corpora", _corpus_of_class()[name])


def __dir__() -> list[str]:
    return sorted(["Corpus", *_corpus_of_class()])


@cache
def _corpus_of_class() -> dict[str, str]:
    """Class -> its corpus. Read from the text of the files, so that no corpus is imported to list them."""
    files = (file for file in Path(__file__).parent.glob("*.py") if not file.name.startswith("_"))
    built_in = {file: re.search(r"^plugin = (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE) for file in files}
    third_party = {entry.attr.rpartition(".")[2]: entry.name for entry in entry_points(group="radz.corpora")}
    return third_party | {match[1]: file.stem for file, match in sorted(built_in.items()) if match}
