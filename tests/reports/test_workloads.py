"""Whatever a user calls a model, its graphs are found in the formats asked for."""

from pathlib import Path

import torch
from torch import nn

from hwmodels.chip_file import load_chip
from reports.workloads import AS_STORED, workload_under
from simulator.estimate import estimate
from simulator.utterances import Utterance
from traces.export import trace_module
from traces.networks.store import Precision
from traces.networks.workload import network_workload
from traces.store import save_workload


def test_a_network_of_the_catalogue_takes_a_precision() -> None:
    assert workload_under("mlperf-tiny-kws", "w8a8") == (network_workload("mlperf-tiny-kws", "w8a8"), "w8a8")
    assert workload_under("mlperf-tiny-kws", None)[0] == network_workload("mlperf-tiny-kws")


def test_saved_graphs_keep_their_formats_unless_a_recipe_is_given(tmp_path: Path) -> None:
    saved = tmp_path / "kws.json.gz"
    save_workload(network_workload("mlperf-tiny-kws", "w8a16"), saved)
    assert workload_under(str(saved), None) == (network_workload("mlperf-tiny-kws", "w8a16"), AS_STORED)
    assert workload_under(str(saved), "w8a8") == (network_workload("mlperf-tiny-kws", "w8a8"), "w8a8")


def test_a_network_of_ones_own_is_costed_like_any_other() -> None:
    graph = trace_module(nn.Sequential(nn.Linear(64, 32), nn.ReLU()), (torch.empty(1, 64),), name="mine")
    chip = load_chip("nucleo-l4r5zi")
    found = estimate(network_workload(graph, Precision.W8A8), chip)
    assert found.latency_s().nominal.shape == (1,)
    assert found.latency_s().nominal[0] > 32 * 64 / (4 * chip.unit("core").clock_hz.value)
    given = estimate(network_workload(graph, Precision.W8A8), chip, utterances=(Utterance(9.0, 30),))
    assert given.latency_s().nominal == found.latency_s().nominal


def test_the_public_face_takes_a_network_from_module_to_file(tmp_path: Path) -> None:
    import edgeasr

    graph = edgeasr.trace_module(nn.Linear(8, 4), (torch.empty(1, 8),), name="mine")
    path = tmp_path / "mine.json.gz"
    edgeasr.save_workload(edgeasr.network_workload(graph, "w8a8"), path)
    assert workload_under(str(path), None)[0] == edgeasr.network_workload(graph, "w8a8")
