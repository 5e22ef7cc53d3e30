"""Drawings as SVG for a page: text stays text, and colours are the page's, light or dark.

matplotlib draws with placeholder colours, which become CSS variables afterwards. A drawing has the width of a phone, so
that its letters stay legible there. Lines differ by colour and by dashes. Nothing is drawn before a renderer asks for
the SVG, so that the console and Markdown need no matplotlib.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from html import escape
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from radz.errors import MissingExtraError
from radz.report.blocks import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from radz.metrics.bootstrap import Difference
    from radz.metrics.evaluation import Estimate

P = ParamSpec("P")
VARIABLES = {  # placeholder -> variable of the page, all within the palette of Okabe and Ito
    "#010101": "--ink",
    "#020202": "--muted",
    "#030303": "--rule",
    "#040404": "--line-1",
    "#050505": "--line-2",
    "#060606": "--line-3",
    "#070707": "--line-4",
    "#080808": "--paper",
}
INK, MUTED, RULE, *LINES, PAPER = VARIABLES
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
MARKERS = "osD^"
STYLES = len(LINES)
APART = 0.4
"""Distance of the whiskers of one row, in rows."""
POINT = 1 / 72
LETTER = 6.6
"""Width of a letter in a row's name, in points, as wide letters have it."""
LETTERS = 24
"""Longer names are cut in drawings; tables have them whole."""
SETTINGS: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one drawing; style 1 to 4 is the model's, the same in all drawings of a page."""

    x: Sequence[float]
    y: Sequence[float]
    style: int = 1


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value with its interval."""

    value: float
    low: float
    high: float
    style: int = 1

    @classmethod
    def of(cls, value: Estimate | Difference, style: int = 1) -> Whisker:
        """An estimate or a difference in a drawing."""
        return cls(value.value, value.interval.low, value.interval.high, style)


def lazy(draw: Callable[Concatenate[str, str, P], str]) -> Callable[Concatenate[str, str, P], Figure]:
    """Make a function that draws an SVG, ``draw(title, description, ...)``, return a figure that is drawn on demand."""

    def figure(title: str, description: str, /, *args: P.args, **kwargs: P.kwargs) -> Figure:
        return Figure(title, description, partial(draw, title, description, *args, **kwargs))

    update_wrapper(figure, draw)
    return figure


@lazy
def forest(
    title: str, description: str, rows: Mapping[str, Sequence[Whisker]], *, chance: float, label: str, strong: str = ""
) -> str:
    """Values with intervals, one line of the drawing per row, top to bottom; the row ``strong`` is bold."""
    rows = {_short(name): whiskers for name, whiskers in rows.items()}
    places, end = _places(rows)
    left = 0.04 + LETTER * max(map(len, rows)) / 350
    height = 48 + 17 * (end + 0.5)
    with _Drawing(title, description, 350, height) as drawing:
        axes = drawing.axes((left, 40 / height, 0.98 - left, 1 - 44 / height))
        axes.axvline(chance, color=MUTED, linewidth=0.8, linestyle=DASHES[1])
        for (name, whiskers), place in zip(rows.items(), places, strict=True):
            _whiskers(axes, whiskers, place, name == strong)
        axes.set_ylim(end, -0.5)
        axes.set_yticks(places, list(rows))
        for text in axes.get_yticklabels():
            text.set(color=INK, fontsize=11)
            text.set_fontweight("bold" if text.get_text() == strong else "normal")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=RULE, linewidth=0.5)
        axes.set_xlabel(label)
        return drawing.svg()


@lazy
def roc_and_precision(
    title: str, description: str, rocs: Sequence[Line], precisions: Sequence[Line], prevalence: float
) -> str:
    """Two square drawings: true over false positive rate, and precision over recall in steps."""
    with _Drawing(title, description, 350, 186) as drawing:
        left, right = (drawing.axes((x, 0.23, 0.385, 0.74)) for x in (0.1, 0.61))
        left.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=DASHES[1])
        right.plot([0, 1], [prevalence] * 2, color=MUTED, linewidth=0.8, linestyle=DASHES[1])
        for axes, lines, step in ((left, rocs, "default"), (right, precisions, "steps-pre")):
            for line in reversed(lines):
                axes.plot(line.x, line.y, **_style(line.style), drawstyle=step)
            _unit_square(axes)
        left.set(xlabel="false positive rate", ylabel="sensitivity")
        right.set(xlabel="recall", ylabel="precision")
        return drawing.svg()


@lazy
def diagram(
    title: str,
    description: str,
    points: Sequence[tuple[float, Whisker]],
    counts: Sequence[str],
    labels: tuple[str, str],
) -> str:
    """Frequency with interval over probability; on the diagonal both agree. counts: one for each point."""
    with _Drawing(title, description, 350, 300) as drawing:
        axes = drawing.axes((0.12, 0.14, 0.84, 0.83))
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=DASHES[1])
        for (x, whisker), count in zip(points, counts, strict=True):
            axes.plot([x, x], [whisker.low, whisker.high], color=LINES[0], linewidth=1.4)
            axes.plot(x, whisker.value, "o", color=LINES[0], markersize=5)
            axes.annotate(count, (x, whisker.low), (0, -4), textcoords="offset points", ha="center", va="top", size=10)
        axes.set(xlim=(0, 1), ylim=(-0.1, 1.02), xlabel=labels[0], ylabel=labels[1])
        axes.grid(color=RULE, linewidth=0.5)
        return drawing.svg()


@lazy
def path(title: str, description: str, lines: Sequence[Line], labels: tuple[str, str], level: float) -> str:
    """Lines over x in percent; ``level`` is drawn across, what chance would give."""
    with _Drawing(title, description, 350, 230) as drawing:
        axes = drawing.axes((0.15, 0.18, 0.81, 0.78))
        axes.axhline(level, color=MUTED, linewidth=0.8, linestyle=DASHES[1])
        for line in lines:
            axes.plot(line.x, line.y, **_style(line.style), marker=MARKERS[line.style - 1], markersize=4)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.margins(y=0.3)
        axes.grid(color=RULE, linewidth=0.5)
        return drawing.svg()


class _Drawing:
    """A matplotlib figure of a size in points; on leaving, settings are as they were."""

    def __init__(self, title: str, description: str, width: float, height: float) -> None:
        try:
            import matplotlib
            from matplotlib.figure import Figure as Canvas
        except ImportError:
            raise MissingExtraError("A report", "matplotlib", "report") from None
        self.title, self.description = title, description
        self.settings = matplotlib.rc_context({**SETTINGS, "svg.hashsalt": title})
        self.settings.__enter__()
        self.canvas = Canvas(figsize=(width * POINT, height * POINT))

    def __enter__(self) -> _Drawing:
        return self

    def __exit__(self, *error: Any) -> None:
        self.settings.__exit__(*error)

    def axes(self, place: tuple[float, float, float, float]) -> Axes:
        """Axes at (left, bottom, width, height), shares of the figure."""
        return self.canvas.add_axes(place)

    def svg(self) -> str:
        """The drawing as an ``svg`` element."""
        file = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        self.canvas.savefig(file, format="svg", metadata=nothing)
        return _for_page(file.getvalue(), self.title, self.description)


def _for_page(svg: str, title: str, description: str) -> str:
    """Only the ``svg`` element, with a title and description for screen readers, in the page's colours and fonts."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style type=\"text/css\">.*?</style>", "", svg, flags=re.DOTALL)  # it would apply to the whole page
    svg = re.sub(r" (width|height)=\"[\d.]+pt\"", "", svg, count=2)
    svg = re.sub(r"<g id=\"[^\"]*\"", "<g", svg)  # the same names in every drawing of a page
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", svg)
    svg = re.sub(r"<[^>]*>", _rounded, re.sub(r"\s*\n\s*", " ", svg))
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    end = svg.index(">")
    named = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return f'{svg[:end]} role="img">{named}{svg[end + 1 :]}'


def _rounded(tag: re.Match[str]) -> str:
    """Coordinates in a tag rounded to a hundredth of a point; text between tags is unchanged."""
    return re.sub(r"(\.\d\d)\d+", r"\1", tag[0])


def _style(style: int) -> dict[str, Any]:
    return {"color": LINES[style - 1], "linestyle": DASHES[style - 1], "linewidth": 1.9 if style == 1 else 1.3}


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def _places(rows: Mapping[str, Sequence[Whisker]]) -> tuple[list[float], float]:
    """Height of each row's middle, and of the end; a row of several whiskers takes more room."""
    places, start = [], -0.5
    for whiskers in rows.values():
        room = 1 + (len(whiskers) - 1) * APART
        places.append(start + room / 2)
        start += room
    return places, start


def _whiskers(axes: Axes, whiskers: Sequence[Whisker], place: float, strong: bool) -> None:
    for i, one in enumerate(whiskers):
        y, colour = place + (i - (len(whiskers) - 1) / 2) * APART, LINES[one.style - 1]
        axes.plot([one.low, one.high], [y, y], color=colour, linewidth=2.2 if strong else 1.3)
        marker, face = MARKERS[one.style - 1], colour if one.style == 1 else PAPER
        axes.plot(one.value, y, marker, color=colour, markerfacecolor=face, markersize=5.5 if strong else 4.5)


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0, 0.5, 1], ["0", ".5", "1"])
        axis.labelpad = 2
