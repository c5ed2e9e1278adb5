"""Bars of parts, one beside the other: what the time or the energy of rows is made of."""

from typing import TYPE_CHECKING

from reports.data import Part
from reports.figures.style import literal
from reports.folding import value_of
from reports.palette import terms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 0.7
"""Of a bar, where rows are 1 apart."""


def stack_bars(panel: "Axes", rows: list[tuple[Part, ...]], *, scale: float) -> None:
    """Draw a bar per row, stacked from its parts times `scale`; what is zero everywhere is left out."""
    names = tuple(dict.fromkeys(part.name for parts in rows for part in parts))
    colours = terms(names)
    left = [0.0] * len(rows)
    for name in names:
        widths = [value_of(parts, name) * scale for parts in rows]
        if any(widths):
            panel.barh(
                range(len(rows)),
                widths,
                left=left,
                height=HEIGHT,
                color=colours[name].light,
                label=literal(name),
            )
        left = [start + width for start, width in zip(left, widths, strict=True)]
