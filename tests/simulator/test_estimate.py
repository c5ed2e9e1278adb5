"""What must hold of every estimate, on every chip of the library."""

import numpy as np
import pytest

from hwmodels.chip_file import apply_overrides, chip_names, load_chip
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate
from simulator.metrics import packed_bytes
from simulator.utterances import Utterance
from simulator.walk import utterance_counts
from traces.store import load_workload
from traces.workload import Workload

UTTERANCES = (Utterance(2.0, 6), Utterance(5.0, 20))
RECIPES = ("float", "w8a8", "w4a16-g32", "w2a16-g32")


def network(recipe: str, model: str = "moonshine-tiny") -> Workload:
    return annotated(load_workload(model), load_recipe(recipe))


def on(chip: str, recipe: str = "w8a8", *overrides: str) -> Estimate:
    return estimate(network(recipe), apply_overrides(load_chip(chip), overrides), utterances=UTTERANCES)


@pytest.mark.parametrize("chip", chip_names())
@pytest.mark.parametrize("recipe", RECIPES)
def test_totals_are_sums_with_ordered_intervals(chip: str, recipe: str) -> None:
    found = on(chip, recipe)
    for total, part in ((found.latency_s(), found.phase_latency_s), (found.energy_j(), found.phase_energy_j)):
        np.testing.assert_allclose(total.nominal, sum(part(phase).nominal for phase in found.phases))
        assert (total.low <= total.nominal).all()
        assert (total.nominal <= total.high).all()
        assert (total.low > 0).all()
        assert np.isfinite(total.high).all()


@pytest.mark.parametrize("chip", chip_names())
def test_a_longer_utterance_is_never_cheaper(chip: str) -> None:
    found = on(chip)
    assert found.latency_s().nominal[1] > found.latency_s().nominal[0]
    assert found.energy_j().nominal[1] > found.energy_j().nominal[0]


@pytest.mark.parametrize("chip", chip_names())
def test_two_utterances_together_cost_what_each_costs_alone(chip: str) -> None:
    alone = [
        estimate(network("w8a8"), load_chip(chip), utterances=(utterance,)).latency_s().nominal[0]
        for utterance in reversed(UTTERANCES)
    ]
    # Caches are set aside for the longest audio of the mix, so the short one may only be slower in company.
    together = on(chip).latency_s().nominal
    assert together[1] == pytest.approx(alone[0], rel=1e-12)
    assert together[0] >= alone[1] * (1 - 1e-12)


def test_fewer_stored_bits_never_move_more_bytes() -> None:
    sizes = [
        packed_bytes(network(recipe)) for recipe in ("float", "w8a16", "w4a16-g32", "w3a16-g32", "w2a16-g32")
    ]
    assert sizes == sorted(sizes, reverse=True)
    weights = [
        utterance_counts(network(recipe), UTTERANCES).weight_io_bytes.sum()
        for recipe in ("float", "w8a16", "w4a16-g32", "w3a16-g32", "w2a16-g32")
    ]
    assert weights == sorted(weights, reverse=True)


def test_macs_do_not_depend_on_the_recipe() -> None:
    counts = [utterance_counts(network(recipe), UTTERANCES).macs.tolist() for recipe in RECIPES]
    assert all(count == counts[0] for count in counts)


def test_the_same_inputs_give_the_same_numbers() -> None:
    first, second = on("ethos-u85-1024"), on("ethos-u85-1024")
    assert first.latency_s().nominal.tobytes() == second.latency_s().nominal.tobytes()
