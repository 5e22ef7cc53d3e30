"""The findings and impression of a report, without de-identification marks.

Only these two sections describe the current image. History, indication, comparison and technique are about the
patient, the question or another image, so they are never labelled. English and Spanish headings are recognized; a
report without headings is read whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADINGS = {
    "findings": (
        "findings", "finding", "report", "description", "observations", "chest", "interpretation", "wet read",
        "preliminary read", "preliminary report", "addendum", "final addendum",
        "hallazgos", "hallazgo", "descripcion", "descripción", "informe", "informe radiológico", "informe radiologico",
    ),
    "impression": (
        "impression", "impressions", "conclusion", "conclusions", "opinion", "summary", "findings and impression",
        "findings impression", "impression and recommendation", "impression and plan", "final impression",
        "impresión", "impresion", "impresión diagnóstica", "impresion diagnostica", "conclusión", "conclusiones",
        "juicio diagnóstico", "juicio diagnostico", "diagnóstico", "diagnostico",
    ),
    "untitled": (
        "final report", "chest x ray", "chest x-ray", "chest xray", "chest radiograph", "chest film", "cxr",
        "radiografía", "radiografia", "radiografía de tórax", "radiografia de torax", "rx", "rx tórax", "rx torax",
        "rx de tórax", "rx de torax",
    ),
    "other": (
        "history", "clinical history", "clinical information", "clinical indication", "clinical data",
        "clinical details", "clinical statement", "clinical question", "clinical context", "medical condition",
        "underlying medical condition", "indication", "indications", "indication for study", "indication for exam",
        "history and indication", "history indication", "indication history", "reason for exam",
        "reason for this exam", "reason for this examination", "reason for examination", "reason for study",
        "reason for the exam", "reason for the examination", "reason", "comparison", "comparisons", "compared to",
        "comparison study", "comparison studies", "prior studies", "previous studies", "technique", "examination",
        "exam", "study", "type of examination", "procedure", "views", "view", "recommendation", "recommendations",
        "notification", "communication", "signs and symptoms", "symptoms", "question",
        "antecedentes", "historia clínica", "historia clinica", "historia", "indicación", "indicacion", "motivo",
        "motivo de consulta", "motivo de la exploración", "motivo de exploración", "motivo del estudio",
        "motivo de la petición", "información clínica", "informacion clinica", "sospecha clínica",
        "sospecha clinica", "sospecha diagnóstica", "sospecha diagnostica", "orientación diagnóstica",
        "datos clínicos", "datos clinicos", "clínica", "clinica", "comparación", "comparacion", "estudio previo",
        "estudios previos", "técnica", "tecnica", "exploración", "exploracion", "recomendación", "recomendaciones",
    ),
}  # fmt: skip
"""Kind of section -> its headings in lower case. Sections of the kind ``other`` are not about this image."""

_KINDS = {heading: kind for kind, headings in HEADINGS.items() for heading in headings}
_ALTERNATIVES = "|".join(
    re.escape(heading).replace(r"\ ", r"(?:\s+|\s*[/&]\s*)") for heading in sorted(_KINDS, key=len, reverse=True)
)
_EXAMINATION = r"(?:[^\n:.]{0,30}\b)?(?:chest|radiografía|radiografia|tórax|torax|rx)\b[^\n:.]{0,40}"
"""Heading that names the examination: "Chest, PA and lateral"; what follows describes the image."""
# Within a line a heading must follow the end of a sentence: "new findings: a nodule" has none.
_HEADING = re.compile(
    rf"(?:^[ \t]*|(?<=[.!?\]])\s+)(?P<heading>{_ALTERNATIVES})[ \t]*(?::|(?<=[A-ZÁÉÍÓÚ])[ \t]*$)"
    rf"|^[ \t]*(?P<examination>{_EXAMINATION}):[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_MARK = re.compile(r"\[\*\*.*?\*\*\]|\bX{3,}\b|_{3,}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sections:
    """findings, impression: the text under those headings, in order; '' if there is no such heading.

    untitled: text under no heading: before the first one, after one that only names the examination, and the later
    paragraphs of a section that is not about this image.
    """

    findings: str = ""
    impression: str = ""
    untitled: str = ""

    @property
    def described(self) -> str:
        """The text about the current image: findings and impression, or the untitled text if both are empty."""
        return "\n\n".join(filter(None, (self.findings, self.impression))) or self.untitled


def read_sections(text: str) -> Sections:
    """Sections of a report, without de-identification marks."""
    clean = remove_marks(text)
    headings = [match for match in _HEADING.finditer(clean) if _is_heading(match)]
    parts: dict[str, list[str]] = {"findings": [], "impression": [], "untitled": []}
    parts["untitled"].append(clean[: headings[0].start()] if headings else clean)
    ends = [match.start() for match in headings[1:]] + [len(clean)]
    for match, end in zip(headings, ends, strict=False):
        content = clean[match.end() : end].strip()
        if (kind := _kind(match)) == "other":
            parts["untitled"] += _BLANK_LINES.split(content)[1:]
        else:
            parts[kind].append(content)
    return Sections(*(_joined(parts[kind]) for kind in ("findings", "impression", "untitled")))


def has_marks(text: str) -> bool:
    """Whether the text contains de-identification marks: ``XXXX``, ``___`` or ``[** ... **]``."""
    return _MARK.search(text) is not None


def remove_marks(text: str) -> str:
    """The text without de-identification marks; line breaks are preserved."""
    return re.sub(r"[ \t]{2,}", " ", _MARK.sub(" ", text))


def _is_heading(match: re.Match[str]) -> bool:
    """A heading without a colon must be in capitals: "Conclusion" alone on a line may end a sentence."""
    return match.group().rstrip().endswith(":") or match.group().strip().isupper()


def _kind(match: re.Match[str]) -> str:
    return _KINDS[" ".join(re.split(r"[\s/&]+", match["heading"].lower()))] if match["heading"] else "untitled"


def _joined(parts: list[str]) -> str:
    return "\n\n".join(filter(None, map(str.strip, parts)))
