"""Sentences of a document, cited for the findings they name."""

from __future__ import annotations

import pytest

from pdfs import save_pdf
from radz.errors import DocumentError, KnowledgeError, MissingExtraError
from radz.knowledge import KnowledgeBase
from radz.text import citations as _citations
from radz.text.citations import CitationFinder
from radz.text.documents import read_document

pytest.importorskip("spacy", reason="the extra 'documents' is not installed")

KNOWLEDGE = KnowledgeBase.load()
BOOK = """# Dust diseases

First paragraph, about nothing.

## Radiographic signs

Silicosis shows small round
nodules in the upper zones, e.g. in the apical segments. Eggshell calci-
fication of hilar nodes may be seen in silicosis.
"""
OWN = "silicosis: {name: silicosis, synonyms: [quartz dust lung]}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A book, and a findings file with the disease it is about."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "book.md").write_text(BOOK)
    (folder / "own.yaml").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def base(files):
    return KnowledgeBase.load([files / "own.yaml"])


@pytest.fixture(scope="module")
def finder(base):
    return CitationFinder([base["silicosis"]], base)


def of_text(finder, text, tmp_path):
    (tmp_path / "text.txt").write_text(text)
    return finder(read_document(tmp_path / "text.txt"), "2026-11-25")


def test_sentences_are_cited_whole_with_section_line_and_day(finder, files):
    one, two = finder(read_document(files / "book.md"), "2026-11-25").statements["silicosis"]
    assert one.text == "Silicosis shows small round nodules in the upper zones, e.g. in the apical segments."
    assert two.text == "Eggshell calcification of hilar nodes may be seen in silicosis."
    assert one.source == "Dust diseases, section 'Radiographic signs', line 7, accessed 2026-11-25"
    assert one.other_findings == ("nodule",)
    assert not one.reviewed


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("There is no silicosis in this film.", "denies"),
        ("Silicosis is not accompanied by pleural effusion.", "denies"),
        ("Unlike silicosis, sarcoidosis shows lymphadenopathy.", "compares"),
        ("Miners have a risk of silicosis later.", "elsewhere"),
        ("Can silicosis be told from this?", "form"),
        ("with silicosis of the upper zones.", "form"),
        ("Silicosis, mass, pneumonia, pneumothorax, emphysema and scoliosis are seen.", "lists"),
    ],
)
def test_what_would_harm_an_anchor_is_left_out_with_its_reason(finder, tmp_path, sentence, reason):
    citations = of_text(finder, f"{sentence} Quartz dust lungs may show small nodules.", tmp_path)
    assert [s.text for s in citations.statements["silicosis"]] == ["Quartz dust lungs may show small nodules."]
    assert dict(citations.left_out) == {reason: 1}


def test_a_longer_name_is_another_finding(tmp_path):
    finder = CitationFinder([KNOWLEDGE["pneumonia"]], KNOWLEDGE)
    citations = of_text(finder, "Viral pneumonia looks hazy on films. Pneumonias fill the air spaces.", tmp_path)
    assert [s.text for s in citations.statements["pneumonia"]] == ["Pneumonias fill the air spaces."]


def test_a_document_about_something_else_is_refused(finder, tmp_path):
    with pytest.raises(DocumentError, match=r"'text' has no usable sentence about silicosis: 1 left out \(denies\)"):
        of_text(finder, "There is no silicosis in this film.", tmp_path)
    with pytest.raises(KnowledgeError, match="'no_finding' is the absence of findings"):
        CitationFinder([KNOWLEDGE["normal"]], KNOWLEDGE)


def test_a_pdf_is_cited_by_page(finder, tmp_path):
    pages = [["Contents"], ["Radiographic signs", "Silicosis shows small nod-", "ules in the upper zones."]]
    (one,) = finder(read_document(save_pdf(tmp_path / "b.pdf", pages, "Dust")), "2026-11-25").statements["silicosis"]
    assert one.text == "Silicosis shows small nodules in the upper zones."
    assert one.source == "Dust, p. 2, accessed 2026-11-25"


def test_an_absent_extra_is_named(monkeypatch):
    monkeypatch.setattr(_citations, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"Splitting a document .*pip install 'radz\[documents\]'"):
        CitationFinder([KNOWLEDGE["mass"]], KNOWLEDGE)
