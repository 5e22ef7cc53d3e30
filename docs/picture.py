"""``python docs/picture.py demo/film.dcm docs/images/demo.png``: the picture of the README, a film and its findings.

Needs the extras ``dicom`` and ``report``. ``make picture`` simulates the film and runs this script.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pydicom
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from PIL import Image

import radz
from radz.knowledge import KnowledgeBase
from radz.types import RESEARCH_USE, Exposure, Finding

BACKGROUND, TEXT, FAINT, TRACK = "#10141a", "#e6edf3", "#8b98a8", "#232b36"
COLOURS = {
    Exposure.SUPERVISED: "#58a6ff",
    Exposure.SEEN: "#b392f0",
    Exposure.RELATED: "#f0b455",
    Exposure.UNSEEN: "#56d39b",
}
MEANING = {
    Exposure.SUPERVISED: "trained with labels",
    Exposure.SEEN: "named in training reports",
    Exposure.RELATED: "related to a trained finding",
    Exposure.UNSEEN: "never trained: zero-shot",
}
SOURCE = "Film simulated from chest CT LIDC-IDRI-0001 (The Cancer Imaging Archive, CC BY 3.0)."
COLUMNS = (-0.23, -0.04, 1.17)
"""Right edges of a finding's name, score and probability, in widths of the bars."""
INCHES, DOTS_PER_INCH = (11.0, 5.3), 128


def main(film: Path, out: Path) -> None:
    """Score ``film``, a DICOM file, with the shipped model and draw both into ``out``, a PNG file."""
    result = radz.load().predict(film)
    pixels = pydicom.dcmread(film).pixel_array
    mpl.rcParams.update({"font.family": "DejaVu Sans", "text.color": TEXT})
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, facecolor=BACKGROUND)
    draw_film(figure.add_axes((0.022, 0.115, 0.44, 0.844)), pixels)
    draw_findings(
        figure.add_axes((0.678, 0.115, 0.255, 0.815)), sorted(result.findings, key=lambda finding: -finding.score)
    )
    figure.text(0.022, 0.04, f"{SOURCE} {RESEARCH_USE}", fontsize=7.6, color=FAINT)
    save(figure, out)


def draw_film(axes: Axes, pixels: NDArray[np.uint16]) -> None:
    """The film, shape (h, w), bright = dense, labelled as simulated."""
    axes.imshow(pixels, cmap="gray", interpolation="lanczos")
    axes.set_axis_off()
    label = {"boxstyle": "round,pad=0.45", "facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.8}
    axes.text(0.025, 0.035, "simulated film", transform=axes.transAxes, fontsize=8.5, bbox=label)


def draw_findings(axes: Axes, findings: Sequence[Finding]) -> None:
    """One row per finding, highest score first: name, score, a bar from zero, and the probability if calibrated."""
    names = KnowledgeBase.load()
    reach = max(abs(finding.score) for finding in findings) * 1.04
    write(axes, -1, ("finding", "", "probability"), FAINT)
    axes.text(0, -1, "score: similarity of film and finding", ha="center", va="center", fontsize=7.6, color=FAINT)
    for row, finding in enumerate(findings):
        colour = COLOURS[finding.exposure]
        axes.barh(row, 2 * reach, left=-reach, height=0.62, color=TRACK)
        axes.barh(row, finding.score, height=0.62, color=colour)
        probability = "–" if finding.probability is None else f"{finding.probability:.0%}"
        write(axes, row, (names[finding.name].name, f"{finding.score:+.2f}", probability), colour)
    axes.axvline(0, ymax=0.975, color=FAINT, linewidth=0.8)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(findings) - 0.4, -1.1)
    axes.set_axis_off()
    explain_colours(axes, {finding.exposure for finding in findings})


def write(axes: Axes, row: float, texts: tuple[str, str, str], colour: str) -> None:
    """The texts of one row: name, score in ``colour``, probability. Row -1 is the heading."""
    heading = row < 0
    for x, text, of_column in zip(COLUMNS, texts, (TEXT, colour, TEXT), strict=True):
        axes.text(
            x, row, text, transform=axes.get_yaxis_transform(), ha="right", va="center",
            fontsize=7.6 if heading else 8.5, color=FAINT if heading or text == "–" else of_column,
        )  # fmt: skip


def explain_colours(axes: Axes, exposures: set[Exposure]) -> None:
    """A legend below the bars: what each colour means, for the ``exposures`` in the picture."""
    shown = [exposure for exposure in Exposure if exposure in exposures]
    axes.legend(
        [Line2D([], [], marker="s", linestyle="", color=COLOURS[exposure]) for exposure in shown],
        [MEANING[exposure] for exposure in shown],
        loc="lower center", bbox_to_anchor=(0.08, -0.078), ncols=len(shown), frameon=False, fontsize=7.6,
        labelcolor=TEXT, handletextpad=0.1, columnspacing=1.2,
    )  # fmt: skip


def save(figure: Figure, out: Path) -> None:
    """Write ``figure`` as a PNG of 192 colours, which is small enough for a README."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.open(drawn).convert("RGB").quantize(192, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
