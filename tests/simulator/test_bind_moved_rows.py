"""Look-ups and cache appends move some rows of a large tensor, and are charged for those alone."""

import numpy as np
import pytest

from hwmodels.op_table import OpTable
from simulator.bind import Network, bind
from traces.formats import FLOAT16
from traces.graph import Graph
from traces.store import load_workload
from traces.workload import BATCH, PAST_TOKENS, Phase

D_MODEL = 384


def row(graph: Graph, name: str, past_tokens: int) -> OpTable:
    points = {BATCH: np.array([1]), PAST_TOKENS: np.array([past_tokens])}
    bound = bind(graph, points, phase_idx=0, network=Network(0.0, 0.0), formats=(FLOAT16,))
    position = [op.name for op in graph.ops].index(name)
    return bound.ops.take(bound.row_of[position])


@pytest.fixture(scope="module")
def decode() -> Graph:
    graph = load_workload("whisper-tiny.en").graph(Phase.DECODE)
    assert graph is not None
    return graph


def test_a_cache_append_writes_one_row_however_long_the_past_is(decode: Graph) -> None:
    for past_tokens in (1, 200):
        append = row(decode, "model.decoder.layers.0.self_attn/append", past_tokens)
        assert append.elements[0] == D_MODEL
        assert append.output_bytes[0] == append.input_bytes[0] == 2 * D_MODEL
        assert bool(append.appended_to_cache[0])


@pytest.mark.parametrize(
    "name", ["model.decoder.embed_tokens/embedding", "model.decoder.embed_positions/positions"]
)
def test_a_look_up_reads_the_rows_it_picks(decode: Graph, name: str) -> None:
    assert row(decode, name, past_tokens=3).weight_bytes[0] == 2 * D_MODEL


def test_attention_reads_the_whole_cache(decode: Graph) -> None:
    scores = row(decode, "model.decoder.layers.0.self_attn/scores", past_tokens=9)
    assert scores.second_bytes[0] == 2 * D_MODEL * (9 + 1)
