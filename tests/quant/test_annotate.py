from functools import cache

import pytest

from quant.quantize import quantize
from quant.recipe import bundled_recipes, load_recipe
from tests.quant.networks import moonshine, whisper
from tests.quant.recipes import uniform, with_layer
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TOKEN
from traces.graph import OpKind, Role
from traces.recognisers import trace_recogniser
from traces.workload import Phase, Workload

FAMILIES = {"whisper": lambda: whisper(64, layers=1), "moonshine": lambda: moonshine(72, heads=2, layers=1)}
DYNAMIC = [name for name in bundled_recipes() if not load_recipe(name).needs_calibration]


@cache
def float_workload(family: str) -> Workload:
    return trace_recogniser(FAMILIES[family](), family)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["w4a8-g32", "w3a16-g32"])
def test_annotated_graph_equals_traced_graph(family: str, name: str) -> None:
    recipe = load_recipe(name)
    traced = trace_recogniser(quantize(FAMILIES[family](), recipe).model, family)
    for plain, quantized in zip(float_workload(family).graphs, traced.graphs, strict=True):
        assert recipe.annotate(plain) == quantized, quantized.phase


def test_products_take_their_formats_by_hand() -> None:
    graph = float_workload("whisper").graph(Phase.DECODE)
    assert graph is not None
    annotated = load_recipe("w4a8-g32").annotate(graph)
    tensors = annotated.tensor_table()
    ops = {op.name: op for op in annotated.ops}
    fc1 = ops["model.decoder.layers.0.fc1/linear"]
    assert [operand.format.name for operand in fc1.reads] == ["int8_token", "int4_g32_asym"]
    assert tensors["model.decoder.layers.0.fc1.weight"].format.name == "int4_g32_asym"
    scores = ops["model.decoder.layers.0.self_attn/scores"]
    assert [operand.format for operand in scores.reads] == [INT8_TOKEN, INT8_TOKEN]
    appended = [name for op in annotated.ops if op.kind is OpKind.CACHE_APPEND for name in op.writes]
    assert appended
    assert {tensors[name].format for name in appended} == {INT8_TOKEN}
    head = tensors["model.decoder.embed_tokens.weight"]
    assert head.format == INT8_CHANNEL


@pytest.mark.parametrize("name", ["w8a8", "w8a8-static"])
def test_everything_else_is_float16(name: str) -> None:
    graph = float_workload("moonshine").graph(Phase.ENCODE)
    assert graph is not None
    weighted = (OpKind.WEIGHT_PRODUCT, OpKind.CONVOLUTION, OpKind.ACTIVATION_PRODUCT)
    for op in load_recipe(name).annotate(graph).ops:
        if op.kind not in weighted:
            assert {operand.format for operand in op.reads} <= {FLOAT16}, op.name


def test_attention_in_float_keeps_the_cache_in_float() -> None:
    graph = float_workload("whisper").graph(Phase.CROSS_KV)
    assert graph is not None
    annotated = uniform("int8_channel", "int8_token").annotate(graph)
    assert {tensor.format for tensor in annotated.tensors if tensor.role is Role.KV} == {FLOAT16}


@pytest.mark.parametrize("name", DYNAMIC)
def test_every_bundled_recipe_fits_every_phase(name: str) -> None:
    for family in FAMILIES:
        for graph in float_workload(family).graphs:
            annotated = load_recipe(name).annotate(graph)
            assert [op.name for op in annotated.ops] == [op.name for op in graph.ops]


def test_norms_cannot_be_integers() -> None:
    graph = float_workload("whisper").graph(Phase.ENCODE)
    assert graph is not None
    recipe = with_layer("w8a8", ("*norm",), "int8_channel")
    with pytest.raises(EdgeAsrError, match=r"gives the norm .*self_attn_layer_norm' int8_channel"):
        recipe.annotate(graph)


def test_a_product_that_no_rule_names_is_an_error() -> None:
    graph = float_workload("whisper").graph(Phase.ENCODE)
    assert graph is not None
    recipe = load_recipe("w8a8")
    lacking = type(recipe)(recipe.name, recipe.layers[:-1], recipe.attention, recipe.methods)
    with pytest.raises(EdgeAsrError, match=r"names no formats for module 'model.encoder.layers.0.self_attn"):
        lacking.annotate(graph)
