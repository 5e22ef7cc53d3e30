"""Reports: sections under English and Spanish headings, and de-identification marks. Every sentence is our own."""

from __future__ import annotations

import pytest

from radz.text.sections import HEADINGS, Sections, has_marks, read_sections, remove_marks


def test_sections_of_a_report_with_headings_on_lines():
    text = "HISTORY: Cough.\nFINDINGS: A nodule.\nClear otherwise.\n\nIMPRESSION:\n1. Nodule."
    assert read_sections(text) == Sections("A nodule.\nClear otherwise.", "1. Nodule.")


def test_headings_may_stand_in_one_line():
    text = "Indication: Pneumonia? Findings: Clear lungs. Impression: Normal."
    assert read_sections(text).described == "Clear lungs.\n\nNormal."


@pytest.mark.parametrize("heading", ["HALLAZGOS", "Informe radiológico", "descripción"])
def test_spanish_headings(heading):
    text = (
        f"Antecedentes: neumonía.\n{heading}: Derrame pleural.\nIMPRESIÓN DIAGNÓSTICA: Derrame.\nComparación: previa."
    )
    assert read_sections(text) == Sections("Derrame pleural.", "Derrame.")


def test_a_report_without_headings_is_read_whole():
    assert read_sections(" A mass. ").described == "A mass."


def test_text_before_the_headings_is_read_only_where_nothing_better_is():
    assert read_sections("Portable film.\nFINDINGS: A mass.").described == "A mass."
    assert read_sections("A mass.\nCOMPARISON: None.").described == "A mass."


def test_a_report_that_only_asks_describes_nothing():
    assert read_sections("INDICATION: Rule out a mass.").described == ""


@pytest.mark.parametrize("text", ["There are new findings: a mass.", "A mass. In conclusion\nit has grown."])
def test_a_word_within_a_sentence_is_no_heading(text):
    assert read_sections(text).untitled == text


def test_a_heading_in_capitals_needs_no_colon():
    assert read_sections("FINDINGS\nA mass.\nIMPRESSION\nMass.") == Sections("A mass.", "Mass.")


def test_two_sections_of_a_kind_are_joined():
    assert read_sections("FINDINGS: A mass.\nCHEST: Clear.").findings == "A mass.\n\nClear."


@pytest.mark.parametrize("mark", ["XXXX", "___", "[**2101-3-4**]", "[** First Name **]"])
def test_marks_are_recognised_and_removed(mark):
    text = f"Compared with {mark} there is no change."
    assert has_marks(text)
    assert remove_marks(text) == "Compared with there is no change."
    assert not has_marks(remove_marks(text))


def test_ordinary_text_has_no_marks_and_keeps_its_lines():
    text = "A mass [upper lobe].\nTaxes_x of XX."
    assert not has_marks(text)
    assert remove_marks(text) == text


def test_no_heading_is_of_two_kinds():
    headings = [heading for kind in HEADINGS.values() for heading in kind]
    assert len(headings) == len(set(headings))


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("INDICATION: Mass?\n\nThe lungs are clear.", "The lungs are clear."),
        ("REASON FOR THIS EXAMINATION:\n r/o mass\n FINAL REPORT\n The lungs are clear.", "The lungs are clear."),
        ("INDICATION: Mass?\n\nPORTABLE CHEST:\nThe lungs are clear.", "The lungs are clear."),
        ("INDICATION: Mass?\nIMPRESSION: Clear.\nRECOMMENDATION: CT.\n\nSigned.", "Clear."),
        ("Motivo: masa.\n\nRX DE TÓRAX:\nPulmones claros.", "Pulmones claros."),
    ],
)
def test_paragraphs_after_the_question_are_read_where_no_heading_says_findings(text, described):
    assert read_sections(text).described == described


def test_an_addendum_and_a_first_read_are_about_the_image():
    assert read_sections("WET READ: Mass.\nHISTORY: Cough.\nFINAL ADDENDUM\nNo mass.").findings == "Mass.\n\nNo mass."


@pytest.mark.parametrize("heading", ["FINDINGS/IMPRESSION", "Findings and Impression", "Findings & Impression"])
def test_joined_headings(heading):
    assert read_sections(f"History: mass.\n{heading}: Clear.").described == "Clear."
