"""Documents: text and PDF files as passages."""

from __future__ import annotations

import pytest

from pdfs import save_pdf
from radz.errors import DocumentError, MissingExtraError
from radz.text import documents
from radz.text.documents import Passage, read_document


def test_text_is_split_at_headings_and_blank_lines(tmp_path):
    path = tmp_path / "book.md"
    path.write_text("# Dust\n\nFirst.\n\n## Signs\n\nSmall nod-\nules here.\n\nPlain title\n---\n\nLast.\n")
    read = read_document(path)
    assert read.title == "Dust"
    assert read.passages == (
        Passage("First.", "section 'Dust', line 3"),
        Passage("Small nodules here.", "section 'Signs', line 7"),
        Passage("Last.", "section 'Plain title', line 13"),
    )


def test_text_without_headings_has_the_name_of_its_file_and_line_numbers(tmp_path):
    (tmp_path / "notes.txt").write_text("\ufeffone line,\ntwo lines.\n\nﬁbrosis.\n", encoding="utf-8")
    read = read_document(tmp_path / "notes.txt")
    assert (read.title, read.passages) == (
        "notes",
        (Passage("one line, two lines.", "line 1"), Passage("fibrosis.", "line 4")),
    )


def test_a_pdf_has_a_passage_per_page_and_titles_end_in_a_stop(tmp_path):
    pages = [["Contents"], ["Radiographic signs", "Silicosis shows small nod-", "ules in the upper zones."]]
    read = read_document(save_pdf(tmp_path / "b.pdf", pages, "Dust"))
    assert read.title == "Dust"
    assert read.passages[1] == Passage("Radiographic signs. Silicosis shows small nodules in the upper zones.", "p. 2")


def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path, monkeypatch):
    locked = save_pdf(tmp_path / "locked.pdf", [["Text."]], password="secret")
    with pytest.raises(DocumentError, match="encrypted with a password"):
        read_document(locked)
    with pytest.raises(DocumentError, match=r"contains no text\. A scan needs text recognition"):
        read_document(save_pdf(tmp_path / "scan.pdf", [[]]))
    (tmp_path / "cut.pdf").write_bytes(locked.read_bytes()[:60])
    with pytest.raises(DocumentError, match="is a damaged PDF"):
        read_document(tmp_path / "cut.pdf")
    (tmp_path / "latin.txt").write_bytes("Röntgen".encode("latin1"))
    with pytest.raises(DocumentError, match=r"neither a PDF nor UTF-8 text \(byte 1\)\. Convert it"):
        read_document(tmp_path / "latin.txt")
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        read_document(tmp_path / "none.txt")
    monkeypatch.setattr(documents, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"Reading a PDF needs .*'pypdf'.* pip install 'radz\[documents\]'"):
        read_document(locked)
