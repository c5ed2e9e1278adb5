"""The report's static figures as PNG files, dark on white, legible at the width of a README."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reports.data import StudyData
from reports.figures.layers import draw_layers
from reports.figures.pareto import draw_pareto
from reports.figures.phases import draw_phases
from reports.figures.roofline import draw_roofline
from reports.figures.style import save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES: dict[str, tuple[str, Callable[[StudyData], "Figure"]]] = {
    "pareto": ("Word error rate against latency, one panel per chip", draw_pareto),
    "phases": ("Latency by phase", draw_phases),
    "layers": ("Latency and energy by layer", draw_layers),
    "roofline": ("Layers under the chips' roofs", draw_roofline),
}
"""Every figure by its file's stem: its title, and what draws it."""


def save_figures(study: StudyData, folder: Path) -> tuple[Path, ...]:
    """Draw every figure into `folder` and return the paths; a study without estimates has none."""
    if not study.estimates:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"{name}.png" for name in FIGURES)
    for path, (_, draw) in zip(paths, FIGURES.values(), strict=True):
        save_png(draw(study), path)
    return paths
