"""Weights as a chip stores them decide where they fit, each weight once."""

from functools import cache

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.overrides import apply_overrides
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.estimate import estimate
from simulator.many_chips import Task, cost_on_variants, task
from simulator.metrics import packed_bytes
from simulator.place import place
from simulator.utterances import Utterance
from tests.hwmodels.chips import ROUND
from tests.hwmodels.tables import dense, table
from traces.graph import OpKind, Role
from traces.store import load_workload
from traces.workload import Phase, Workload

UTTERANCE = (Utterance(2.0, 3),)
PRODUCTS = (OpKind.WEIGHT_PRODUCT, OpKind.CONVOLUTION)


@cache
def network(recipe: str) -> Workload:
    return annotated(load_workload("whisper-micro"), load_recipe(recipe))


@cache
def work(recipe: str) -> Task:
    return task(network(recipe), UTTERANCE)


def weights_of_products(workload: Workload) -> dict[str, float]:
    """Return the elements of each distinct weight that products use, by name."""
    return {
        operand.tensor: float(graph.tensor_table()[operand.tensor].elements.at({}))
        for graph in workload.graphs
        if graph.phase != Phase.FRONTEND
        for op in graph.ops
        if op.kind in PRODUCTS
        for operand in op.reads
        if graph.tensor_table()[operand.tensor].role is Role.WEIGHT
    }


def beyond(recipe: str, chip: Chip) -> float:
    return float(work(recipe).weights.beyond_packed_bytes(chip).item())


def test_floats_stored_as_float32_take_twice_the_room_each_weight_once() -> None:
    # the embedding is the head's weight as well, and decoder weights are used by two phases
    elements = sum(weights_of_products(network("float")).values())
    assert beyond("float", load_chip("mcu-template")) == pytest.approx(2 * elements)
    assert 2 * elements < packed_bytes(network("float"))


def test_a_flash_that_holds_float16_alone_is_too_small_for_float32() -> None:
    small = apply_overrides(
        load_chip("mcu-template"), ("levels.flash.size_bytes=6MiB", "levels.sram.size_bytes=4MiB")
    )
    assert packed_bytes(network("float")) < 6 * 2**20
    found = estimate(network("float"), small, utterances=UTTERANCE)
    stored = packed_bytes(network("float")) + beyond("float", small)
    assert found.excess_bytes() == pytest.approx(stored - 6 * 2**20)
    assert found.excess_level() == "flash"
    assert not found.fits()


def test_integer_weights_of_the_same_chip_are_as_packed() -> None:
    assert beyond("w8a8", load_chip("mcu-template")) == 0


def test_a_chip_that_stores_what_it_is_given_has_it_as_packed() -> None:
    assert beyond("w4a8-g32", ROUND) == 0


def test_a_code_takes_less_room_and_may_vary() -> None:
    chip = load_chip("npu-template")
    by_nine_tenths = beyond("w8a8", chip)
    assert by_nine_tenths < 0
    found = cost_on_variants(
        work("w8a8"),
        chip,
        varied={"codec.int8": np.array([0.9, 1.0]), "levels.sram.size_bytes": np.full(2, 2.9e6)},
    )
    alone = estimate(
        network("w8a8"), apply_overrides(chip, ("levels.sram.size_bytes=2.9e6",)), utterances=UTTERANCE
    )
    assert found.latency_s.nominal[0] == alone.latency_s().nominal[0]
    assert found.latency_s.nominal[0] < found.latency_s.nominal[1]


def test_what_is_beyond_packed_moves_weights_away() -> None:
    ops = table(dense(8, 16, 16), network_weight_bytes=7000)
    near, far = (
        place(ops, ROUND, beyond_packed_bytes=np.array([[extra]])).weight_level[0, 0] for extra in (0.0, 1e3)
    )
    assert (near, far) == (1, 2)
