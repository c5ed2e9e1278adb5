"""How long estimates take, against walking every decode step on its own. Run with `make benchmark`."""

import subprocess
import sys

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import Ints
from hwmodels.quantity import Quantity
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.bind import bind
from simulator.estimate import estimate
from simulator.many_chips import cost_on_chips, task
from simulator.place import place
from simulator.utterances import Utterance
from simulator.walk import formats_of, network_of
from tests.hwmodels.tables import dense, table
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


@pytest.mark.benchmark(group="one utterance of 30 s and 100 decode steps, bound and warm")
@pytest.mark.parametrize("chip", ["ethos-u85-1024", "hexagon-htp-v75", "nucleo-l4r5zi"])
def test_one_chip(benchmark: BenchmarkFixture, tiny: Workload, chip: str) -> None:
    work, chips = task(tiny, (Utterance(30.0, 101),)), (load_chip(chip),)
    benchmark(cost_on_chips, work, chips)


@pytest.mark.benchmark(group="1,000 hypothetical chips, the same utterance")
def test_thousand_chips(benchmark: BenchmarkFixture, tiny: Workload) -> None:
    template = load_chip("npu-template")
    path = "levels.dram.bandwidth_bytes_per_s"
    chips = tuple(
        template.with_quantity(path, Quantity.exact(rate, "assumed", "swept by a benchmark"))
        for rate in np.geomspace(1e9, 2e10, 1000)
    )
    work = task(tiny, (Utterance(30.0, 101),))
    found = benchmark.pedantic(cost_on_chips, (work, chips), rounds=1)  # type: ignore[no-untyped-call]
    assert (np.diff(found.latency_s.nominal) <= 0).all()


@pytest.mark.benchmark(group="one product, which ZigZag maps in 0.1 to 3.5 s")
def test_one_product(benchmark: BenchmarkFixture) -> None:
    ops = table(dense(1500, 384, 1536))
    benchmark(lambda: cost(ops, place(ops, CHIP), CHIP))


@pytest.mark.benchmark(group="edgeasr estimate, cold")
def test_cold_estimate(benchmark: BenchmarkFixture) -> None:
    command = [sys.executable, "-m", "edgeasr", "estimate", "whisper-tiny.en", "--chip", "ethos-u85-1024"]
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        subprocess.run, (command,), {"check": True, "capture_output": True}, rounds=3
    )


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
