"""How each layer of a quantized network came out: its output error, and the outliers behind it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.figures.style import dress, literal
from reports.palette import BLUE, GREEN, INK, RULE, SKY, VERMILION
from reports.units import tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from quant.details import LayerDetail

WIDTH_INCH = 5.5
HEIGHT_INCH = 5.2
DOTS_PER_INCH = 240
"""1320 pixels. Few inches, so that letters of 9 points are still 9 pixels high at a width of 400."""

MOST_TICKS = 12
NORMAL_KURTOSIS = 3.0

ATTENTION, MLP, OTHER = "attention", "MLP", "others"
_COLOURS = {ATTENTION: BLUE.light, MLP: VERMILION.light, OTHER: GREEN.light}
_SHORT = {"encoder": "enc", "decoder": "dec"}


def draw_details(details: "Sequence[LayerDetail]", *, title: str) -> "Figure":
    """Return the figure of a network's details, layers from left to right as the network has them."""
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(WIDTH_INCH, HEIGHT_INCH), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained"
    )
    figure.suptitle(literal(title), fontsize=11, x=0.01, ha="left", fontweight="bold", color=INK.light)
    errors, outliers = figure.subplots(2, 1, sharex=True)
    for part, colour in _COLOURS.items():
        found = [layer.relative_error if _part(layer.module) == part else None for layer in details]
        _dots(errors, found, colour, part)
    _dots(outliers, [layer.input_kurtosis for layer in details], INK.light, "input")
    _dots(outliers, [layer.weight_kurtosis for layer in details], SKY.light, "weight")
    outliers.axhline(NORMAL_KURTOSIS, color=RULE.light, linewidth=1.0, zorder=1)
    for panel, name in ((errors, "Relative output error"), (outliers, "Kurtosis (normal: 3)")):
        _dress(panel, name)
    ticks = _block_ticks([layer.module for layer in details])
    outliers.set_xticks(list(ticks), list(ticks.values()))
    outliers.set_xlabel("layer, in the network's order", fontsize=9)
    return figure


def _part(module: str) -> str:
    """Return which part of a transformer a module belongs to."""
    if "_attn." in module:
        return ATTENTION
    return MLP if module.endswith((".fc1", ".fc2")) else OTHER


def _dots(panel: "Axes", values: "Sequence[float | None]", colour: str, label: str) -> None:
    known = [(position, value) for position, value in enumerate(values) if value]
    if known:
        panel.plot(*zip(*known, strict=True), "o", color=colour, markersize=3.6, label=label)


def _dress(panel: "Axes", title: str) -> None:
    dress(panel, title=title, x="")
    panel.set_yscale("log")
    panel.margins(x=0.02, y=0.12)
    panel.title.set_fontsize(10)
    panel.tick_params(labelsize=9)
    panel.yaxis.set_major_formatter(lambda value, _: tick(value))
    panel.legend(
        fontsize=9, frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1.0, 0.98),
        handletextpad=0.0, columnspacing=0.6, borderpad=0.0,
    )  # fmt: skip


def _block_ticks(modules: Sequence[str]) -> dict[int, str]:
    """Return where blocks begin and what they are called: `enc 0`, `1`, ..., `dec 0`, ...; not too many."""
    begins: dict[tuple[str, str], int] = {}
    for position, module in enumerate(modules):
        stack, _, inside = module.removeprefix("model.").partition(".layers.")
        if inside:
            begins.setdefault((stack, inside.partition(".")[0]), position)
    every = -(-len(begins) // MOST_TICKS)
    return {
        position: f"{_SHORT.get(stack, stack)} {number}" if number == "0" else number
        for (stack, number), position in begins.items()
        if int(number) % every == 0
    }
