"""An estimate as the rows of a report: totals, phases, and points under the roofs."""

from collections.abc import Iterable, Iterator

import numpy as np

from hwmodels.cost_table import Interval
from reports.data import BandwidthRow, EstimateRow, LayerRow, PhaseRow, PointRow, Range, Utterances
from simulator.estimate import Estimate


def estimate_row(estimate: Estimate, *, model: str, recipe: str, mix: Utterances) -> EstimateRow:
    """Return the totals of an estimate: means over its utterances."""
    latency, energy = estimate.latency_s(), estimate.energy_j()
    audio_s = sum(utterance.audio_s for utterance in estimate.utterances)
    return EstimateRow(
        model=model,
        recipe=recipe,
        chip=estimate.chip.name,
        utterances=mix,
        latency_s=_mean(latency),
        latency_p50_s=float(np.quantile(latency.nominal, 0.5)),
        latency_p90_s=float(np.quantile(latency.nominal, 0.9)),
        energy_j=_mean(energy),
        rtf=None if estimate.workload.family == "network" else float(latency.nominal.sum() / audio_s),
        peak_activation_bytes=estimate.peak_activation_bytes(),
        fits=estimate.fits(),
        excess_bytes=estimate.excess_bytes(),
        excess_level=estimate.excess_level(),
        worst_kind=estimate.chip.worst_kind(),
    )


def phase_rows(estimate: Estimate, *, model: str, recipe: str) -> Iterator[PhaseRow]:
    """Yield each phase's part of the mean utterance, the cost of starting it included."""
    total_s = float(estimate.latency_s().nominal.mean())
    for phase in estimate.phases:
        latency_s = float(estimate.phase_latency_s(phase).nominal.mean())
        yield PhaseRow(
            model=model,
            recipe=recipe,
            chip=estimate.chip.name,
            phase=phase.phase,
            latency_s=latency_s,
            energy_j=float(estimate.phase_energy_j(phase).nominal.mean()),
            share=latency_s / total_s if total_s else 0.0,
        )


def point_rows(layers: Iterable[LayerRow], bandwidths: Iterable[BandwidthRow]) -> Iterator[PointRow]:
    """Yield the layers with MACs as points under the roof of the level that takes longest to serve them.

    A level without a bandwidth limits nothing and has no roof.
    """
    speed = {(row.chip, row.level): row.bandwidth_bytes_per_s for row in bandwidths}
    for row in layers:
        served = [part for part in row.level_bytes if part.value > 0 and (row.chip, part.name) in speed]
        if row.macs > 0 and row.latency_s > 0 and served:
            moved = max(served, key=lambda part: part.value / speed[row.chip, part.name])
            yield PointRow(
                chip=row.chip,
                model=row.model,
                recipe=row.recipe,
                phase=row.phase,
                layer=row.layer,
                kind=row.kind,
                level=moved.name,
                intensity_mac_per_byte=row.macs / moved.value,
                achieved_mac_per_s=row.macs / row.latency_s,
                latency_s=row.latency_s,
            )


def _mean(interval: Interval) -> Range:
    return Range(float(interval.low.mean()), float(interval.nominal.mean()), float(interval.high.mean()))
