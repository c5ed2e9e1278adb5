"""Latency and energy by layer of the first chip's choice."""

from typing import TYPE_CHECKING

from reports.data import StudyData
from reports.figures.stacked_bars import stack_bars
from reports.figures.style import dress, literal, new_figure
from reports.folding import folded, layer_labels
from reports.index import layers_by_combination
from reports.units import axis_unit
from reports.verdict import first_shown, verdicts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LAYERS = 22
ROW_HEIGHT_INCH = 0.2


def draw_layers(study: StudyData) -> "Figure":
    """Return the figure of one combination: the verdict's choice on the first chip that has one.

    Raises:
        ValueError: if nothing was estimated.
    """
    layers = layers_by_combination(study)
    choice = first_shown(verdicts(study))
    if choice is None:
        raise ValueError("a study without estimates has no layers to draw")
    rows = folded(layers.get(choice, ()), most=MOST_LAYERS)
    model, recipe, chip = choice.split("\n")
    figure = new_figure(1.4 + ROW_HEIGHT_INCH * len(rows))
    figure.suptitle(
        literal(f"{model} in {recipe} on {chip}"), fontsize=10, x=0.01, ha="left", fontweight="bold"
    )
    panels = figure.subplots(1, 2, sharey=True)
    time_scale, time_unit = axis_unit(max((row.latency_s for row in rows), default=0.0), "s")
    energy_scale, energy_unit = axis_unit(max((row.energy_j for row in rows), default=0.0), "J")
    stack_bars(panels[0], [row.latency_terms_s for row in rows], scale=time_scale)
    dress(panels[0], title="Latency", x=f"{time_unit} per utterance")
    stack_bars(panels[1], [row.energy_terms_j for row in rows], scale=energy_scale)
    dress(panels[1], title="Energy", x=f"{energy_unit} per utterance")
    panels[0].set_yticks(range(len(rows)), [literal(label) for label in layer_labels(rows)], fontsize=7.5)
    panels[0].invert_yaxis()
    for panel in panels:
        panel.grid(visible=False, axis="y")
        if rows:
            panel.margins(y=0.01)
            panel.legend(
                fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=4
            )
    return figure
