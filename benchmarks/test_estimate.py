"""How long estimates take, against walking every decode step on its own. Run with `make benchmark`."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import Ints
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.bind import bind
from simulator.estimate import estimate
from simulator.place import place
from simulator.utterances import Utterance
from simulator.walk import formats_of, network_of
from traces.store import load_workload
from traces.workload import BATCH, PAST_TOKENS, Phase, Workload

TOKENS = 200
CHIP = load_chip("ethos-u85-1024")


@pytest.fixture(scope="module")
def tiny() -> Workload:
    return annotated(load_workload("whisper-tiny.en"), load_recipe("w8a8"))


@pytest.mark.benchmark(group="200 decode steps of whisper-tiny.en")
def test_all_steps_at_once(benchmark: BenchmarkFixture, tiny: Workload) -> None:
    benchmark(_decode_s, tiny, np.arange(2, 2 + TOKENS))


@pytest.mark.benchmark(group="200 decode steps of whisper-tiny.en")
def test_reference_one_walk_per_step(benchmark: BenchmarkFixture, tiny: Workload) -> None:
    def walk() -> float:
        return sum(_decode_s(tiny, np.array([step])) for step in range(2, 2 + TOKENS))

    assert benchmark(walk) == pytest.approx(_decode_s(tiny, np.arange(2, 2 + TOKENS)))


@pytest.mark.benchmark(group="one utterance, all phases")
@pytest.mark.parametrize("model", ["whisper-tiny.en", "moonshine-tiny", "whisper-large-v3"])
def test_estimate(benchmark: BenchmarkFixture, model: str) -> None:
    network = annotated(load_workload(model), load_recipe("w8a8"))
    benchmark(estimate, network, CHIP, (Utterance(5.0, 20),))


def _decode_s(network: Workload, past: Ints) -> float:
    graph = network.graph(Phase.DECODE)
    assert graph is not None
    bound = bind(
        graph,
        {PAST_TOKENS: past, BATCH: np.ones_like(past)},
        phase_idx=0,
        network=network_of(network, (Utterance(5.0, TOKENS),)),
        formats=formats_of(network),
    )
    costs = cost(bound.ops, place(bound.ops, CHIP), CHIP)
    return float(costs.latency_s.nominal[bound.row_of].sum())
