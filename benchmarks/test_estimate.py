"""How long estimates take, against walking every decode step on its own. Run with `make benchmark`."""

import resource
import subprocess
import sys

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.pedantic import pedantic
from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import Floats, Ints
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.bind import bind
from simulator.estimate import estimate
from simulator.many_chips import Task, cost_on_variants, task
from simulator.place import place
from simulator.utterances import Utterance
from simulator.walk import formats_of, network_of
from tests.hwmodels.tables import dense, table
from traces.store import load_workload
from traces.workload import BATCH, PAST_TOKENS, Phase, Workload

TOKENS = 200
CHIP = load_chip("ethos-u85-1024")
TEMPLATES = ("npu-template", "mcu-template", "dsp-template")
VARIED: dict[str, tuple[str, ...]] = {
    "bandwidth": ("bandwidth_bytes_per_s",),
    "sizes": ("size_bytes",),
    "swept": ("array.clock_hz", "buffer.size_bytes", "sram.size_bytes", "dram.bandwidth_bytes_per_s"),
    "everything": ("",),
}
"""Endings of the paths of numbers that vary; distinct sizes in every chip are the hardest."""
MOST_MIB = 256.0
"""What costing any number of chips may add to the memory of a process; about 30 are measured."""


@pytest.fixture(scope="module")
def tiny() -> Workload:
    return annotated(load_workload("whisper-tiny.en"), load_recipe("w8a8"))


@pytest.fixture(scope="module")
def whole(tiny: Workload) -> Task:
    return task(tiny, (Utterance(30.0, 101),))


def varied_numbers(chip: Chip, which: str, n_chips: int) -> dict[str, Floats]:
    """Return numbers drawn by seed between a third of each and three times."""
    rng = np.random.default_rng(0)
    return {
        path: number.value * np.exp(rng.uniform(-np.log(3), np.log(3), n_chips))
        for path, number in chip.quantities()
        if path.endswith(VARIED[which]) and number.value
    }


def peak_bytes() -> int:
    """Return the most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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
    benchmark(estimate, network, CHIP, utterances=(Utterance(5.0, 20),))


@pytest.mark.benchmark(group="one utterance of 30 s and 100 decode steps, bound and warm")
@pytest.mark.parametrize("chip", ["ethos-u85-1024", "hexagon-htp-v75", "nucleo-l4r5zi"])
def test_one_chip(benchmark: BenchmarkFixture, whole: Task, chip: str) -> None:
    benchmark(cost_on_variants, whole, load_chip(chip), varied={})


@pytest.mark.benchmark(group="1,000 variants of a chip, the same utterance")
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("which", ["bandwidth", "sizes", "everything"])
def test_thousand_chips(benchmark: BenchmarkFixture, whole: Task, template: str, which: str) -> None:
    chip, varied = load_chip(template), varied_numbers(load_chip(template), which, 1000)
    found = pedantic(
        benchmark, lambda: cost_on_variants(whole, chip, varied=varied), rounds=3, warmup_rounds=1
    )
    assert found.latency_s.nominal.shape == (1000,)


@pytest.mark.benchmark(group="20 variants of a chip, the same utterance")
@pytest.mark.parametrize("how", ["at_once", "reference_one_by_one"])
def test_twenty_chips(benchmark: BenchmarkFixture, whole: Task, how: str) -> None:
    chip, varied = load_chip("npu-template"), varied_numbers(load_chip("npu-template"), "everything", 20)

    def at_once() -> Floats:
        return cost_on_variants(whole, chip, varied=varied).latency_s.nominal

    def one_by_one() -> Floats:
        each = ({path: values[idx : idx + 1] for path, values in varied.items()} for idx in range(20))
        return np.concatenate([cost_on_variants(whole, chip, varied=one).latency_s.nominal for one in each])

    found = benchmark(at_once if how == "at_once" else one_by_one)
    assert found.tolist() == at_once().tolist()


@pytest.mark.benchmark(group="100,000 variants of a chip, the same utterance: design points of a sweep")
def test_hundred_thousand_chips(benchmark: BenchmarkFixture, whole: Task) -> None:
    chip, n_chips = load_chip("npu-template"), 100_000
    varied = varied_numbers(chip, "swept", n_chips)
    before_bytes = peak_bytes()
    found = pedantic(benchmark, lambda: cost_on_variants(whole, chip, varied=varied))
    added_mib = (peak_bytes() - before_bytes) / 2**20
    benchmark.extra_info["peak memory added, MiB"] = round(added_mib, 1)
    assert added_mib < MOST_MIB
    assert len(found.latency_s.nominal) == n_chips


@pytest.mark.benchmark(group="one product, which ZigZag maps in 0.1 to 3.5 s")
def test_one_product(benchmark: BenchmarkFixture) -> None:
    ops = table(dense(1500, 384, 1536))
    benchmark(lambda: cost(ops, place(ops, CHIP), CHIP))


@pytest.mark.benchmark(group="edgeasr estimate, cold")
def test_cold_estimate(benchmark: BenchmarkFixture) -> None:
    command = [sys.executable, "-m", "edgeasr", "estimate", "whisper-tiny.en", "--chip", "ethos-u85-1024"]
    pedantic(benchmark, lambda: subprocess.run(command, check=True, capture_output=True), rounds=3)


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
