"""How the benchmark's figures mark methods, and where they put a rate on a logarithmic axis."""

from dataclasses import dataclass

from reports.charts.pareto import SYMBOLS
from reports.figures.style import MARKERS
from reports.palette import INK, Colour, series

MARK_SPREAD = 0.8
"""Share of the room of its formats that the marks of all methods take."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A method's colour and shape."""

    colour: Colour
    matplotlib: str
    plotly: str


def method_marks(methods: tuple[str, ...]) -> dict[str, Mark]:
    """Return a mark per method: the first, which others are compared to, in ink; then colours by turns.

    Colours repeat after seven methods with other shapes.
    """
    marks = {}
    for idx, method in enumerate(methods):
        shape = (idx - 1 + (idx - 1) // len(MARKERS)) % len(MARKERS)
        colour = INK if idx == 0 else series(idx - 1)
        marks[method] = Mark(colour, MARKERS[shape] if idx else "X", SYMBOLS[shape] if idx else "x")
    return marks


def axis_percent(rate: float, n_words: int) -> float:
    """Return a rate in percent, at least half a word's worth: a logarithmic axis has no zero."""
    return max(rate, 0.5 / max(n_words, 1)) * 100
