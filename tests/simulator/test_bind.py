from dataclasses import replace

import numpy as np
import pytest

from hwmodels.op_table import OpClass
from simulator.bind import Bound, Network, bind
from simulator.validation.bench import workpiece
from simulator.walk import formats_of
from tests.simulator.graphs import decode_step, mlp, workload
from traces.errors import EdgeAsrError
from traces.formats import INT4_G32, INT8_TOKEN
from traces.graph import Graph
from traces.networks.store import Precision

NETWORK = Network(weight_bytes=8192.0, cache_bytes=0.0)


def bound(graph: Graph, **points: list[int]) -> Bound:
    values = {name: np.array(value, dtype=np.int64) for name, value in points.items()}
    return bind(graph, values, phase_idx=1, network=NETWORK, formats=formats_of(workload(graph)))


def test_bytes_of_a_float_mlp_are_those_on_paper() -> None:
    table = bound(mlp()).ops
    norm, fc1, fc2 = range(3)
    assert table.macs.tolist() == [0, 10 * 32 * 64, 10 * 64 * 32]
    assert table.weight_bytes.tolist() == [0, 64 * 32 * 2, 64 * 32 * 2]
    assert table.input_bytes.tolist() == [10 * 32 * 2, 10 * 32 * 2, 10 * 64 * 2]
    assert table.output_bytes.tolist() == [10 * 32 * 2, 10 * 64 * 2, 10 * 32 * 2]
    assert table.epilogue_bytes[fc2] == 10 * 32 * 2  # the residual
    assert table.epilogue_bytes[fc1] == 0  # gelu reads nothing else
    assert table.element_steps[norm] == 4 * 10 * 32
    assert table.function_steps.tolist() == [0, 2 * 10 * 64, 0]  # gelu; the residual is no function
    assert table.op_class.tolist() == [OpClass.NORMALISATION, OpClass.DENSE, OpClass.DENSE]


def test_quantized_operands_carry_their_scales() -> None:
    table = bound(mlp(weight=INT4_G32, activation=INT8_TOKEN)).ops
    assert table.weight_bytes[1] == 64 * 32 * 4 / 8 + 64 * 1 * 2  # one float16 scale per group of 32
    assert table.weight_groups[1] == 64
    assert table.input_bytes[1] == 10 * 32 + 10 * 2  # one float16 scale per token
    assert table.formats[table.weight_format[1]] == INT4_G32
    assert table.formats[table.activation_format[1]] == INT8_TOKEN


def test_live_bytes_hold_the_residual_until_its_last_reader() -> None:
    x, h, u, y = 640, 640, 1280, 640
    assert bound(mlp()).ops.live_bytes.tolist() == [x + h, x + h + u, x + u + y]


def test_cached_keys_are_told_apart_from_activations() -> None:
    table = bound(decode_step(), past_tokens=[3]).ops
    append, scores, _ = range(3)
    assert table.appended_to_cache.tolist() == [True, False, False]
    assert table.second_from_cache.tolist() == [False, True, False]
    assert table.second_bytes[scores] == 3 * 8 * 2
    assert table.output_bytes[append] == 8 * 2


def test_rows_are_distinct_and_recover_every_point() -> None:
    steps = list(range(50))
    at_all = bound(decode_step(), past_tokens=steps)
    assert at_all.row_of.shape == (3, 50)
    assert at_all.ops.n_rows == 50 + 50 + 1  # the append is the same at every step
    for step in (0, 7, 49):
        alone = bound(decode_step(), past_tokens=[step])
        for column in ("macs", "second_bytes", "output_bytes", "live_bytes", "n"):
            expected = getattr(alone.ops, column)[alone.row_of[:, 0]]
            assert getattr(at_all.ops, column)[at_all.row_of[:, step]].tolist() == expected.tolist()


def test_pooling_walks_what_it_reads_and_what_enters_is_known() -> None:
    piece = workpiece("mlperf-tiny-ic", Precision.W8A8)
    pooled = (piece.ops.op_class == OpClass.POOLING).nonzero()[0]
    assert piece.ops.element_steps[pooled].tolist() == [8 * 8 * 64]
    assert piece.ops.elements[pooled].tolist() == [64]
    assert piece.ops.entering_bytes.tolist().count(0.0) == piece.ops.n_rows - 1
    assert piece.ops.entering_bytes.max() == 32 * 32 * 3 + 2  # the image and its scale


def test_batch_norms_that_stay_are_elementwise_and_convolutions_known_as_such() -> None:
    ops = workpiece("densenet-121", Precision.FLOAT).ops
    assert not np.any(ops.op_class == OpClass.NORMALISATION)
    products = ops.macs > 0
    assert np.all(ops.convolution[products] == (ops.op_class[products] == OpClass.DENSE))
    assert ops.convolution.any()
    assert not np.any(ops.convolution & ~products)


def test_what_others_read_too_is_copied_where_it_is_joined() -> None:
    ops = workpiece("densenet-121", Precision.W8A8).ops
    joins = (ops.op_class == OpClass.LAYOUT) & (ops.second_bytes > 0)
    assert np.all(ops.copied_elements[~joins] == 0)
    assert np.all(ops.copied_elements[joins] <= ops.elements[joins])
    least = (ops.elements - ops.copied_elements)[joins & (ops.copied_elements < ops.elements)]
    assert set(least.tolist()) == {32.0 * size**2 for size in (56, 28, 14, 7)}  # the newest 32 channels


def test_an_unbound_symbol_is_named() -> None:
    with pytest.raises(EdgeAsrError, match="past_tokens"):
        bound(decode_step())


def test_visits_sum_up_what_the_graph_runs_at_each_point() -> None:
    twice = replace(mlp(), ops=(*mlp().ops, replace(mlp().ops[1], name="fc1_again")))
    at_all = bound(decode_step(), past_tokens=[1, 2, 3])
    for each in (bound(twice), at_all):
        values = np.arange(2.0 * each.ops.n_rows).reshape(2, -1) ** 2  # whole numbers: any order is exact
        expected = values[:, each.row_of].sum(axis=1)
        assert each.visits.per_point(values).tolist() == expected.tolist()
    assert at_all.visits.times.tolist() == [1.0] * 9
