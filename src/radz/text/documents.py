"""A text or PDF file -> passages, each with the page or section that a citation names."""

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
    """Running text of one paragraph or page; where: ``p. 3``, or ``section 'Lungs', line 12``."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Document:
    """title: what the file says it is called, else its name."""

    title: str
    passages: tuple[Passage, ...]


def read_document(path: Path) -> Document:
    """A PDF, or UTF-8 text with or without Markdown headings.

    Raises DocumentError for what is neither, is damaged, encrypted or has no text; MissingExtraError for a PDF where
    the extra ``documents`` is not installed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}. Give a text file or a PDF.") from None
    document = _read_pdf(path) if content.startswith(_PDF) else _read_text(path, content)
    if not any(passage.text for passage in document.passages):
        raise DocumentError(f"{path} holds no text. A scan needs text recognition first, e.g. with ocrmypdf.")
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
    """(number of the first line, its lines) of what stands between blank lines; Markdown headings stand alone."""
    number, held = 1, list[str]()
    for i, line in enumerate([*text.splitlines(), ""], start=1):
        heading = _MARKDOWN.match(line) is not None
        if held and (heading or not line.strip()):
            yield number, held
            held = []
        if heading:
            yield i, [line.strip()]
        elif line.strip():
            number = number if held else i
            held.append(line.strip())


def _sections(blocks: list[tuple[int, list[str]]]) -> Iterator[Passage]:
    section = ""
    for number, lines in blocks:
        if heading := _heading(lines):
            section = heading
        else:
            yield Passage(_joined(lines), f"section '{section}', line {number}" if section else f"line {number}")


def _heading(lines: list[str]) -> str:
    """The heading that a block is, or ''."""
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
    except Exception as error:  # pypdf lets errors of many kinds through on damaged files
        raise DocumentError(f"{path} is a damaged PDF, or one that pypdf cannot read: {error}") from None
    return Document(_normal(str(title)).strip(), pages)


def _page(page: Any) -> str:
    """A page's text as one passage; a title among its lines ends what stands before it."""
    lines = [line.strip() for line in _normal(page.extract_text()).splitlines() if line.strip()]
    marked = []
    for i, line in enumerate(lines):
        opens = i == 0 or lines[i - 1].endswith((".", "!", "?"))
        following = i + 1 < len(lines) and lines[i + 1][0].isupper()
        marked.append(f"{line}." if opens and following and _is_short_title(line) else line)
    return _joined(marked)


def _joined(lines: list[str]) -> str:
    """Wrapped lines as one; a word that was divided at the end of a line is whole again."""
    return re.sub(r"\s+", " ", re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", "\n".join(lines))).strip()


def _normal(text: str) -> str:
    """Ligatures and full-width forms as plain letters, soft hyphens gone."""
    return unicodedata.normalize("NFKC", text).replace("\u00ad", "")
