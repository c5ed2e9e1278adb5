"""The graph of a rotated network: annotated from a stored one, it is what tracing gives."""

from dataclasses import replace

import pytest
from transformers import PreTrainedModel

from asr.models import load_recogniser
from quant.methods.quarot import QuarotConfig
from quant.quantize import quantize
from quant.recipe import Recipe
from simulator.annotate import annotated
from tests.quant.networks import moonshine
from tests.quant.recipes import uniform
from tests.quant.rotations.rotating import by_rotating
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Graph, OpKind, Product, Rows
from traces.recognisers import trace_recogniser
from traces.store import load_workload
from traces.workload import Phase, Workload

RECIPES = {
    "weights": uniform("int4_g32_asym"),
    "all": uniform("int8_channel", "int8_token", attention="int8_token"),
}


def annotated_and_traced(
    quantized: PreTrainedModel, plain: Workload, recipe: Recipe
) -> tuple[dict[str, Graph], dict[str, Graph]]:
    """The graphs of each phase, from the plain network's under the recipe and from the quantized network."""
    traced = trace_recogniser(quantized, plain.name, prompt_tokens=plain.prompt_tokens)
    found, expected = annotated(plain, recipe).graphs, traced.graphs
    assert len(found) == len(expected)
    return {graph.phase: graph for graph in found}, {graph.phase: graph for graph in expected}


@pytest.mark.parametrize("formats", RECIPES)
@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_annotated_equals_traced(name: str, formats: str) -> None:
    recipe = by_rotating(RECIPES[formats])
    quantized = quantize(load_recogniser(name).model, recipe).model
    found, expected = annotated_and_traced(quantized, load_workload(name), recipe)
    assert found == expected


def test_heads_without_a_hadamard_matrix() -> None:
    model, recipe = moonshine(72, heads=4, layers=1), by_rotating(RECIPES["all"])
    quantized = quantize(model, recipe)
    assert quantized.remarks == (
        "no Hadamard matrix of order 18 is known: transforms of this size are left out",
    )
    found, expected = annotated_and_traced(quantized.model, trace_recogniser(model, "moonshine"), recipe)
    assert found == expected


def test_without_transforms_at_run_time() -> None:
    recipe = by_rotating(RECIPES["all"], QuarotConfig(mlp_hadamard=False, key_hadamard=False))
    for graph in annotated(load_workload("moonshine-tiny"), recipe).graphs:
        assert not any(op.function == "hadamard" for op in graph.ops)


@pytest.mark.parametrize(
    ("name", "width", "ffn", "n_encoder", "n_decoder", "behind_rope"),
    [("whisper-tiny", 384, 1536, 4, 4, 0), ("moonshine-tiny", 288, 1152, 6, 6, 1)],
)
def test_what_is_added(
    name: str, width: int, ffn: int, n_encoder: int, n_decoder: int, behind_rope: int
) -> None:
    workload = load_workload(name)
    rotated = annotated(workload, by_rotating(RECIPES["all"]))
    layers = {Phase.ENCODE: n_encoder, Phase.CROSS_KV: 0, Phase.PREFILL: n_decoder, Phase.DECODE: n_decoder}
    rotations = {Phase.ENCODE: 1, Phase.CROSS_KV: 0, Phase.PREFILL: 2, Phase.DECODE: 2}
    for phase, n_layers in layers.items():
        before, after = workload.graph(phase), rotated.graph(phase)
        assert before is not None
        assert after is not None
        new = [op for op in after.ops if op.module not in {old.module for old in before.ops}]
        products = [op for op in new if op.kind is OpKind.WEIGHT_PRODUCT]
        assert len(products) == rotations[phase]
        extents = [op.extents for op in products if isinstance(op.extents, Product)]
        assert [(found.k.constant, found.n.constant) for found in extents] == [(width, width)] * len(products)
        assert {operand.format for op in products for operand in op.reads} <= {FLOAT16}
        lengths = [
            op.extents.row_length.constant
            for op in new
            if op.function == "hadamard" and isinstance(op.extents, Rows)
        ]
        assert lengths.count(ffn) == n_layers
        assert len(lengths) == n_layers * (1 + 2 * behind_rope)


def test_rotated_keys_are_what_the_cache_gets() -> None:
    decode = annotated(load_workload("moonshine-tiny"), by_rotating(RECIPES["all"])).graph(Phase.DECODE)
    assert decode is not None
    ops = {op.name: op for op in decode.ops}
    attention = "model.decoder.layers.0.self_attn"
    assert ops[f"{attention}/append"].reads[0].tensor == f"{attention}.key_hadamard/hadamard"
    assert ops[f"{attention}/scores"].reads[0].tensor == f"{attention}.query_hadamard/hadamard"


def test_graphs_that_cannot_be_rotated() -> None:
    recipe = by_rotating(RECIPES["weights"])
    with pytest.raises(EdgeAsrError, match="moonshine-streaming-tiny/encode cannot be rotated"):
        annotated(load_workload("moonshine-streaming-tiny"), recipe)
    twice = replace(recipe, methods=(recipe.methods[0], *recipe.methods))
    with pytest.raises(EdgeAsrError, match="rotated already"):
        annotated(load_workload("whisper-tiny"), twice)
