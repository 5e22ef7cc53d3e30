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
        "findings", "finding", "report", "description", "observations", "chest",
        "hallazgos", "hallazgo", "descripcion", "descripción", "informe", "informe radiológico", "informe radiologico",
    ),
    "impression": (
        "impression", "impressions", "conclusion", "conclusions", "opinion", "summary", "findings and impression",
        "impresión", "impresion", "impresión diagnóstica", "impresion diagnostica", "conclusión", "conclusiones",
        "juicio diagnóstico", "juicio diagnostico", "diagnóstico", "diagnostico",
    ),
    "other": (
        "history", "clinical history", "clinical information", "indication", "indications", "reason for exam",
        "reason for examination", "reason for study", "comparison", "comparisons", "technique", "examination", "exam",
        "procedure", "views", "recommendation", "recommendations", "notification", "addendum",
        "antecedentes", "historia clínica", "historia clinica", "indicación", "indicacion", "motivo",
        "motivo de consulta", "motivo de la exploración", "información clínica", "informacion clinica",
        "datos clínicos", "datos clinicos", "comparación", "comparacion", "estudio previo", "estudios previos",
        "técnica", "tecnica", "exploración", "exploracion", "recomendación", "recomendaciones",
    ),
}  # fmt: skip
"""Kind of section -> its headings in lower case. Sections of the kind ``other`` are never read."""

_KINDS = {heading: kind for kind, headings in HEADINGS.items() for heading in headings}
_ALTERNATIVES = "|".join(re.escape(h).replace(r"\ ", r"\s+") for h in sorted(_KINDS, key=len, reverse=True))
# Within a line a heading must follow the end of a sentence: "new findings: a nodule" has none.
_HEADING = re.compile(
    rf"(?:^[ \t]*|(?<=[.!?\]])\s+)(?P<heading>{_ALTERNATIVES})[ \t]*(?::|(?<=[A-ZÁÉÍÓÚ])[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_MARK = re.compile(r"\[\*\*.*?\*\*\]|\bX{3,}\b|_{3,}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sections:
    """findings, impression: the text under those headings, in order; '' if there is no such heading.

    untitled: the text before the first heading, or the whole text if there is no heading.
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
    parts: dict[str, list[str]] = {"findings": [], "impression": [], "other": []}
    ends = [match.start() for match in headings[1:]] + [len(clean)]
    for match, end in zip(headings, ends, strict=False):
        parts[_kind(match)].append(clean[match.end() : end].strip())
    untitled = clean[: headings[0].start()] if headings else clean
    return Sections(_joined(parts["findings"]), _joined(parts["impression"]), untitled.strip())


def has_marks(text: str) -> bool:
    """Whether the text contains de-identification marks: ``XXXX``, ``___`` or ``[** ... **]``."""
    return _MARK.search(text) is not None


def remove_marks(text: str) -> str:
    """The text without de-identification marks; line breaks are preserved."""
    return re.sub(r"[ \t]{2,}", " ", _MARK.sub(" ", text))


def _is_heading(match: re.Match[str]) -> bool:
    """A heading without a colon must be in capitals: "Conclusion" alone on a line may end a sentence."""
    return match.group().rstrip().endswith(":") or match["heading"].isupper()


def _kind(match: re.Match[str]) -> str:
    return _KINDS[" ".join(match["heading"].lower().split())]


def _joined(parts: list[str]) -> str:
    return "\n\n".join(filter(None, parts))
