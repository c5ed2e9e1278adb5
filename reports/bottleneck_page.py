"""The bottlenecks of one estimate as one HTML file."""

from dataclasses import dataclass

from hwmodels.units import unit_symbol
from reports.bottleneck import BottleneckRow, bottleneck_rows
from reports.charts.bottleneck import slowest_charts, tornado_charts
from reports.chip_rows import provenance_rows
from reports.data import Part
from reports.folding import value_of
from reports.index import summed
from reports.page import MOST_BOTTLENECKS, Line, provenance_lines
from reports.provenance import kind_counts
from reports.shell import render_page
from reports.units import joules, percent, quantity, seconds, significant, size, spread
from reports.verdict import Figure
from simulator.estimate import Estimate
from simulator.relief import Relief, reliefs
from simulator.sensitivity import Sensitivity

LEAST_SPEEDUP = 1.02
"""A resource is worth a sentence if freeing it makes the utterance this much faster."""


LAYER_HEADS = ("Layer", "Ops", "Phase", "Latency", "Share", "Energy", "Saved", "Utilisation")
"""The first columns of the layers' table; bytes across each memory level and the reason follow."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a bottleneck page shows of an estimate of one utterance."""

    model: str
    recipe: str
    found: Estimate
    layers: tuple[BottleneckRow, ...]
    reliefs: tuple[Relief, ...]
    sensitivities: tuple[Sensitivity, ...]
    command: str
    """What writes the page again."""


def findings_of(
    found: Estimate,
    *,
    model: str,
    recipe: str,
    sensitivities: tuple[Sensitivity, ...],
    command: str,
) -> Findings:
    """Return what there is to show of an estimate."""
    layers = bottleneck_rows(found, recipe=recipe)
    return Findings(model, recipe, found, layers, reliefs(found), sensitivities, command)


def render_bottleneck(findings: Findings) -> str:
    """Return the whole page; equal findings give equal bytes."""
    found = findings.found
    latency_s, energy_j = (float(each.nominal.mean()) for each in (found.latency_s(), found.energy_j()))
    provenance = provenance_rows(found.chip)
    levels = tuple(level.name for level in found.chip.levels)
    return render_page(
        "bottleneck.html.j2",
        charts=(
            *slowest_charts(findings.layers),
            *tornado_charts(findings.sensitivities, latency_s=latency_s, energy_j=energy_j),
        ),
        model=findings.model,
        recipe=findings.recipe,
        chip=found.chip,
        utterance=found.utterances[0],
        sentences=sentences(findings),
        figures=_figures(found),
        layer_heads=(*LAYER_HEADS, *levels, "Bound by"),
        layers=tuple(_layer_line(row, levels) for row in findings.layers),
        most=MOST_BOTTLENECKS,
        layer_numbers=tuple(range(3, len(LAYER_HEADS) + len(levels))),
        reliefs=tuple(_relief_line(row) for row in findings.reliefs),
        numbers=tuple(_number_line(row) for row in _by_swing(findings.sensitivities)),
        provenance=provenance_lines(provenance),
        kinds=kind_counts(provenance),
        command=findings.command,
    )


def sentences(findings: Findings) -> tuple[str, ...]:
    """Return what holds the utterance up: the largest term, layer and relief, and what does not fit."""
    found, layers = findings.found, findings.layers
    latency_s = float(found.latency_s().nominal.mean())
    terms = summed(row.layer.latency_terms_s for row in layers)
    largest = max(terms, key=lambda term: term.value)
    slowest = layers[0]
    said = [
        f"{largest.name.capitalize()} takes {percent(largest.value / latency_s)} of {seconds(latency_s)}; "
        f"the slowest are the {slowest.layer.kind.replace('_', ' ')}s of {slowest.layer.layer} in "
        f"{slowest.layer.phase}, {percent(slowest.share)}: {slowest.reason}."
    ]
    said += [
        f"Without {relief.resource} it would take {seconds(relief.latency_s)}, "
        f"{significant(relief.speedup)} times as fast."
        for relief in findings.reliefs[:3]
        if relief.speedup >= LEAST_SPEEDUP
    ]
    moving = [row for row in _by_swing(findings.sensitivities) if row.latency_doubled_s is not None]
    best = min(moving, key=_best_s, default=None)
    if best is not None and _best_s(best) < latency_s / LEAST_SPEEDUP:
        doubled = best.latency_doubled_s == _best_s(best)
        said.append(
            f"Of single numbers, {'twice' if doubled else 'half'} {best.parameter} brings most: "
            f"{seconds(_best_s(best))}."
        )
    if not found.fits():
        said.append(
            f"It does not fit: {size(found.excess_bytes())} too much for {found.excess_level()}; "
            "costs are given as if the memory were there."
        )
    return tuple(said)


def _best_s(row: Sensitivity) -> float:
    return min(each for each in (row.latency_halved_s, row.latency_doubled_s) if each is not None)


def _by_swing(rows: tuple[Sensitivity, ...]) -> list[Sensitivity]:
    return sorted(rows, key=lambda row: (-row.latency_swing_s, row.parameter))


def _figures(found: Estimate) -> tuple[Figure, ...]:
    latency, energy = found.latency_s(), found.energy_j()
    return (
        Figure(
            "Latency",
            seconds(float(latency.nominal.mean())),
            spread(seconds(float(latency.low.mean())), seconds(float(latency.high.mean()))),
        ),
        Figure(
            "Energy",
            joules(float(energy.nominal.mean())),
            spread(joules(float(energy.low.mean())), joules(float(energy.high.mean()))),
        ),
        Figure("Real-time factor", significant(float(found.rtf().nominal.mean())), ""),
        Figure("Peak activations", size(found.peak_activation_bytes()), ""),
    )


def _layer_line(row: BottleneckRow, levels: tuple[str, ...]) -> Line:
    layer = row.layer
    crossing: tuple[Part, ...] = layer.level_bytes
    return Line(
        (
            layer.layer,
            layer.kind.replace("_", " "),
            layer.phase,
            seconds(layer.latency_s),
            percent(row.share),
            joules(layer.energy_j),
            seconds(row.saved_s),
            percent(layer.utilisation) if layer.macs else "",
            *(size(value_of(crossing, level)) for level in levels),
            row.reason,
        )
    )


def _relief_line(row: Relief) -> Line:
    return Line((row.resource, seconds(row.latency_s), seconds(row.saved_s), significant(row.speedup)))


def _number_line(row: Sensitivity) -> Line:
    return Line(
        (
            row.parameter,
            quantity(row.value, unit_symbol(row.parameter)),
            significant(row.latency_elasticity),
            significant(row.energy_elasticity),
            *(
                "" if each is None else seconds(each)
                for each in (row.latency_halved_s, row.latency_doubled_s)
            ),
            *("" if each is None else joules(each) for each in (row.energy_halved_j, row.energy_doubled_j)),
        )
    )
