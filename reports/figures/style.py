"""What all figures share: fonts, colours, and how they are written."""

from pathlib import Path
from typing import TYPE_CHECKING

from reports.atomic import written_whole
from reports.data import StudyData
from reports.index import chip_names
from reports.palette import INK, MUTED, RULE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_INCH = 9.0
DOTS_PER_INCH = 150
"""1350 pixels: sharp where a README shows 900."""

MARKERS = ("o", "s", "D", "^", "v", "p", "*")
"""Matplotlib's names of the marks that `reports.charts.pareto.SYMBOLS` uses."""


def new_figure(height_inch: float) -> "Figure":
    """Return an empty white figure of README width."""
    from matplotlib.figure import Figure

    return Figure(
        figsize=(WIDTH_INCH, height_inch), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained"
    )


def dress(axes: "Axes", *, title: str, x: str, y: str = "") -> None:
    """Give a panel its title and labels, and take away what is no data."""
    axes.set_title(literal(title), fontsize=9.5, loc="left", color=INK.light, fontweight="bold")
    axes.set_xlabel(x, fontsize=8.5, color=MUTED.light)
    axes.set_ylabel(y, fontsize=8.5, color=MUTED.light)
    axes.tick_params(labelsize=8, colors=MUTED.light, length=0, which="both")
    axes.grid(color=RULE.light, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE.light)


def literal(text: str) -> str:
    """Return text that matplotlib shows as it is: `$` would start a formula."""
    return text.replace("$", r"\$")


def chips_with_estimates(study: StudyData) -> tuple[str, ...]:
    """Return the chips that have something to show."""
    estimated = {row.chip for row in study.estimates}
    return tuple(chip for chip in chip_names(study) if chip in estimated)


def save_png(figure: "Figure", path: Path) -> None:
    """Write the figure whole or not at all; equal figures give equal bytes.

    Raises:
        EdgeAsrError: if the file cannot be written.
    """
    with written_whole(path) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})
