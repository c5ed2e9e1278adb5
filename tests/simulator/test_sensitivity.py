"""Elasticities are slopes of the model itself, and freeing a resource is what the model says without it."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.quantity import Quantity
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate
from simulator.relief import latency_without, reliefs
from simulator.sensitivity import sensitivities
from simulator.utterances import Utterance
from tests.simulator.estimates import on_chip
from traces.store import load_workload

CHIPS = ("ethos-u85-1024", "nucleo-h7a3zi", "hexagon-htp-v75")


def known(chip: str) -> Estimate:
    workload = annotated(load_workload("whisper-micro"), load_recipe("w4a8-g32"))
    return estimate(workload, load_chip(chip), utterances=(Utterance(3.0, 8),))


def scaled(chip: Chip, path: str, factor: float) -> Chip:
    quantity = dict(chip.quantities())[path]
    return chip.with_quantity(path, replace(quantity, value=quantity.value * factor))


def latency_s(found: Estimate) -> float:
    return float(found.latency_s().nominal.mean())


def test_another_chip_without_binding_again_is_the_same_estimate() -> None:
    again = on_chip(known("ethos-u85-1024"), load_chip("nucleo-h7a3zi"))
    np.testing.assert_array_equal(again.latency_s().nominal, known("nucleo-h7a3zi").latency_s().nominal)
    np.testing.assert_array_equal(again.energy_j().high, known("nucleo-h7a3zi").energy_j().high)


@pytest.mark.parametrize("chip", CHIPS)
def test_elasticities_are_finite_differences(chip: str) -> None:
    found = known(chip)
    rows = tuple(sensitivities(found))
    assert rows
    for row in rows:
        finer = 1e-4
        up, down = (
            latency_s(on_chip(found, scaled(found.chip, row.parameter, factor)))
            for factor in (1 + finer, 1 - finer)
        )
        slope = (up - down) / latency_s(found) / (2 * finer)
        if not row.parameter.endswith("size_bytes"):  # which acts in steps: no derivative to compare with
            assert row.latency_elasticity == pytest.approx(slope, abs=0.02), row.parameter


@pytest.mark.parametrize("chip", CHIPS)
def test_time_answers_to_no_more_than_all_of_its_causes(chip: str) -> None:
    """Rates and times scaled together scale the latency: their elasticities sum to one (Euler)."""
    rows = {row.parameter: row.latency_elasticity for row in sensitivities(known(chip))}
    faster = sum(
        value for name, value in rows.items() if name.endswith(("clock_hz", "bandwidth_bytes_per_s"))
    )
    longer = sum(value for name, value in rows.items() if name.endswith("_s") and "bytes_per" not in name)
    assert longer - faster == pytest.approx(1.0, abs=0.02)


def free(chip: Chip, resource: str) -> Chip:
    """Return the chip with a resource that takes no time, by its own numbers."""
    endless, nothing = Quantity.exact(1e30, "assumed", "test"), Quantity.exact(0.0, "assumed", "test")
    if resource == "start":
        return replace(
            chip, overheads=replace(chip.overheads, per_inference_s=nothing, per_inference_cycles=None)
        )
    if resource == "overhead":
        return replace(
            chip, overheads=replace(chip.overheads, per_op_s=nothing, float_results_bytes_per_s=None)
        )
    level = next(level for level in chip.levels if level.name == resource)
    without = replace(
        level,
        latency_s=nothing,
        bandwidth_bytes_per_s=None if level.bandwidth_bytes_per_s is None else endless,
        channel_s=None,
    )
    return replace(chip, levels=tuple(without if each is level else each for each in chip.levels))


@pytest.mark.parametrize("chip", CHIPS)
def test_relief_is_the_model_run_with_the_resource_free(chip: str) -> None:
    found = known(chip)
    gains = {relief.resource: relief for relief in reliefs(found)}
    for resource in ("start", "overhead", *(level.name for level in found.chip.levels)):
        expected = latency_s(on_chip(found, free(found.chip, resource)))
        assert gains[resource].latency_s == pytest.approx(expected, rel=1e-9), resource
        assert gains[resource].saved_s == pytest.approx(latency_s(found) - expected, abs=1e-12)


def test_nothing_freed_is_the_estimate_itself() -> None:
    found = known("ethos-u85-1024")
    for phase in found.phases:
        np.testing.assert_allclose(
            latency_without(phase, found.chip, resource=""), phase.costs.latency_s.nominal
        )
