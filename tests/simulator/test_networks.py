"""Networks that are bound once cost on every chip what they cost when estimated anew."""

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from quant.recipe import Recipe, load_recipe
from simulator.annotate import annotated
from simulator.budgets import used_of
from simulator.estimate import estimate
from simulator.networks import Networks
from simulator.utterances import Utterance
from traces.store import load_workload
from traces.workload import Workload

WORKLOAD = load_workload("moonshine-micro")
UTTERANCES = (Utterance(2.0, 6), Utterance(4.0, 12))
NAMES = ("w8a8", "w4a16-g32")


@pytest.mark.parametrize("room_bytes", [0, 2**30])
def test_a_network_costs_the_same_whether_it_was_kept_or_not(room_bytes: int) -> None:
    networks = Networks(WORKLOAD, UTTERANCES, room_bytes=room_bytes)
    for chip in map(load_chip, ("ethos-u85-256", "gap9", "nucleo-h7a3zi")):
        for recipe in map(load_recipe, NAMES):
            found = networks.estimate(recipe, chip)
            anew = estimate(annotated(WORKLOAD, recipe), chip, utterances=UTTERANCES)
            assert used_of(found) == used_of(anew)
            assert np.array_equal(found.latency_s().high, anew.latency_s().high)
            assert found.workload == anew.workload
            assert found.chip == chip


def test_a_network_is_bound_once_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    bound: list[str] = []

    def counted(workload: Workload, recipe: Recipe) -> Workload:
        bound.append(recipe.name)
        return annotated(workload, recipe)

    monkeypatch.setattr("simulator.networks.annotated", counted)
    one = Networks(WORKLOAD, UTTERANCES)
    size_bytes = one.room_bytes
    one.estimate(load_recipe(NAMES[0]), load_chip("gap9"))
    size_bytes -= one.room_bytes
    assert size_bytes > 0
    bound.clear()
    networks = Networks(WORKLOAD, UTTERANCES, room_bytes=size_bytes)  # for the first of two
    for _ in range(3):
        for name in NAMES:
            networks.estimate(load_recipe(name), load_chip("gap9"))
    assert bound == [NAMES[0], NAMES[1], NAMES[1], NAMES[1]]
