"""Reads a text or PDF file into passages, each with the page or section that a citation gives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from radz.errors import DocumentError, MissingExtraError

_PDF = b"%PDF-"
_MARKDOWN = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_UNDERLINE = re.compile(r"[=\-~]{3,}$")
_LONGEST_HEADING = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """The text of one paragraph or page. where: ``p. 3``, or ``section 'Lungs', line 12``."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as text. title: from the file's content or metadata, otherwise the file's name."""

    title: str
    passages: tuple[Passage, ...]


def read_document(path: Path) -> Document:
    """The passages of a PDF, or of UTF-8 text with or without Markdown headings.

    Raises DocumentError for any other file and for one that is damaged, encrypted or without text; MissingExtraError
    for a PDF without the extra ``documents``.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}. Give a text file or a PDF.") from None
    document = _read_pdf(path) if content.startswith(_PDF) else _read_text(path, content)
    if not any(passage.text for passage in document.passages):
        raise DocumentError(f"{path} contains no text. A scan needs text recognition first, e.g. with ocrmypdf.")
    return document


def _read_text(path: Path, content: bytes) -> Document:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{path} is neither a PDF nor UTF-8 text (byte {error.start}). Convert it, e.g. with "
            f"`iconv -f latin1 -t utf-8`."
        ) from None
    blocks = [*_blocks(_normal(text))]
    titles = [_MARKDOWN.match(lines[0]) for _, lines in blocks]
    title = next((match[1] for match in titles if match), path.stem)
    return Document(title, tuple(_sections(blocks)))


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines) of each block between blank lines; a Markdown heading is its own block."""
    number, block = 1, list[str]()
    for i, line in enumerate([*text.splitlines(), ""], start=1):
        heading = _MARKDOWN.match(line) is not None
        if block and (heading or not line.strip()):
            yield number, block
            block = []
        if heading:
            yield i, [line.strip()]
        elif line.strip():
            number = number if block else i
            block.append(line.strip())


def _sections(blocks: list[tuple[int, list[str]]]) -> Iterator[Passage]:
    section = ""
    for number, lines in blocks:
        if heading := _heading(lines):
            section = heading
        else:
            yield Passage(_joined(lines), f"section '{section}', line {number}" if section else f"line {number}")


def _heading(lines: list[str]) -> str:
    """The heading, if the block is one, otherwise ''."""
    if match := _MARKDOWN.match(lines[0]):
        return match[1]
    if len(lines) == 1 or (len(lines) == 2 and _UNDERLINE.match(lines[1])):
        return lines[0].rstrip(":") if _is_short_title(lines[0]) else ""
    return ""


def _is_short_title(line: str) -> bool:
    return len(line) <= _LONGEST_HEADING and not line.endswith((".", "!", "?", ",", ";")) and not line[0].islower()


def _read_pdf(path: Path) -> Document:
    if find_spec("pypdf") is None:
        raise MissingExtraError("Reading a PDF", "pypdf", "documents")
    from pypdf import PdfReader

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(f"{path} is encrypted with a password. Save it without one.")
        title = (reader.metadata.title if reader.metadata else None) or path.stem
        pages = tuple(Passage(_page(page), f"p. {i}") for i, page in enumerate(reader.pages, start=1))
    except DocumentError:
        raise
    except Exception as error:  # pypdf raises many kinds of errors for damaged files
        raise DocumentError(
            f"{path} is a damaged PDF, or one that pypdf cannot read: {error}. Save it as text or export it again."
        ) from None
    return Document(_normal(str(title)).strip(), pages)


def _page(page: Any) -> str:
    """The text of a page; short titles get a full stop, so that they do not run into the next sentence."""
    lines = [line.strip() for line in _normal(page.extract_text()).splitlines() if line.strip()]
    marked = []
    for i, line in enumerate(lines):
        opens = i == 0 or lines[i - 1].endswith((".", "!", "?"))
        following = i + 1 < len(lines) and lines[i + 1][0].isupper()
        marked.append(f"{line}." if opens and following and _is_short_title(line) else line)
    return _joined(marked)


def _joined(lines: list[str]) -> str:
    """Wrapped lines joined into one; words hyphenated at a line end are joined."""
    return re.sub(r"\s+", " ", re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", "\n".join(lines))).strip()


def _normal(text: str) -> str:
    """Ligatures and full-width forms replaced by plain letters, soft hyphens removed."""
    return unicodedata.normalize("NFKC", text).replace("\u00ad", "")
