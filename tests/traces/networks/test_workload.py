"""Networks that are no recognisers, as workloads."""

from pathlib import Path

import pytest

from traces.errors import EdgeAsrError
from traces.networks.workload import network_workload
from traces.store import load_workload, read_workload, save_workload
from traces.workload import Phase


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # 640-128x4-8-128x4-640: weights and biases
        ("mlperf-tiny-ad", 2 * 640 * 128 + 6 * 128**2 + 2 * 128 * 8 + 8 * 128 + 8 + 640),
        # 10x4 to 64 channels, four separable blocks, 12 words
        ("mlperf-tiny-kws", 40 * 64 + 4 * (9 * 64 + 64**2) + 64 * 12 + 9 * 64 + 12),
    ],
)
def test_parameters_equal_the_closed_form(name: str, parameters: int) -> None:
    assert network_workload(name).parameters == parameters


def test_a_network_is_one_phase_in_the_widths_asked_for() -> None:
    workload = network_workload("mlperf-tiny-kws", "w8a16")
    (graph,) = workload.graphs
    assert graph.phase is Phase.FORWARD
    assert workload.family == "network"
    weight = next(tensor for tensor in graph.tensors if tensor.name == "0.weight")
    assert weight.format.bits == 8
    assert {tensor.format.bits for tensor in graph.tensors} == {8, 16}


def test_a_network_survives_its_file(tmp_path: Path) -> None:
    workload = network_workload("mlperf-tiny-ad", "w8a8")
    save_workload(workload, tmp_path / "ad.json.gz")
    assert read_workload(tmp_path / "ad.json.gz") == workload


def test_an_unknown_precision_names_the_known_ones() -> None:
    with pytest.raises(EdgeAsrError, match="precision of a network 'w8a9'; did you mean w8a8"):
        network_workload("mlperf-tiny-ad", "w8a9")


def test_a_graph_with_free_extents_is_refused() -> None:
    graph = load_workload("moonshine-tiny").graph(Phase.ENCODE)
    assert graph is not None
    with pytest.raises(EdgeAsrError, match=r"extents .*audio_samples.* are free; trace it with fixed shapes"):
        network_workload(graph)
