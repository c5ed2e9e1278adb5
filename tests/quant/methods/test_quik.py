from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from quant.checkpoint import TENSORS, load_quantized, save_quantized
from quant.methods.gptq import GptqConfig
from quant.methods.quik import QuikConfig, n_float
from quant.mixed_linear import MixedLinear
from quant.quantize import quantize
from quant.recipe import LayerRule, MethodStep, Recipe, load_recipe, with_methods
from simulator.metrics import packed_bytes
from tests.quant.networks import NETWORKS, calibration, logits, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from traces.counts import graph_macs, macs
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TOKEN
from traces.recognisers import trace_recogniser
from traces.workload import Phase, Workload

FAMILIES = pytest.mark.parametrize("family", NETWORKS)
W4A4 = uniform("int4_channel", "int4_token")
ONE = {"batch": 1}


def by_quik(recipe: Recipe, share: float = 0.0625) -> Recipe:
    return with_methods(recipe, (MethodStep("quik", QuikConfig(share=share)),), name="quik")


def by_gptq(recipe: Recipe) -> Recipe:
    return with_methods(recipe, (MethodStep("gptq", GptqConfig()),), name="gptq")


def error(quantized: Tensor, reference: Tensor) -> float:
    return float((quantized - reference).norm() / reference.norm())


def with_outliers(family: str) -> PreTrainedModel:
    model = NETWORKS[family](layers=1)
    inject_outliers_(model, apart=32)
    return model


@cache
def float_workload(family: str) -> Workload:
    return trace_recogniser(NETWORKS[family](layers=1), family)


@FAMILIES
@pytest.mark.parametrize("name", ["w3a16", "w4a8-g32"])
def test_without_float_columns_it_is_gptq(family: str, name: str) -> None:
    model = NETWORKS[family](layers=1)
    recipe, data = load_recipe(name), calibration(model)
    none = quantize(model, by_quik(recipe, 0.0), calibration=data).model
    plain = quantize(model, by_gptq(recipe), calibration=data).model
    first, second = none.state_dict(), plain.state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    for graph in float_workload(family).graphs:
        assert by_quik(recipe, 0.0).annotate(graph) == by_gptq(recipe).annotate(graph)


@FAMILIES
def test_with_all_columns_float_it_is_float(family: str) -> None:
    model = NETWORKS[family](layers=1)
    found = quantize(model, by_quik(W4A4, 1.0), calibration=calibration(model)).model
    assert torch.equal(logits(found), logits(quantize(model, load_recipe("float")).model))
    for graph in float_workload(family).graphs:
        assert by_quik(W4A4, 1.0).annotate(graph) == load_recipe("float").annotate(graph)


@FAMILIES
@pytest.mark.parametrize("activation", ["float16", "int4_token"])
def test_annotated_graph_equals_traced_graph(family: str, activation: str) -> None:
    model = NETWORKS[family](layers=1)
    recipe = by_quik(uniform("int4_g32", activation))
    traced = trace_recogniser(quantize(model, recipe, calibration=calibration(model)).model, family)
    for plain, graph in zip(float_workload(family).graphs, traced.graphs, strict=True):
        assert recipe.annotate(plain) == graph, graph.phase


@FAMILIES
def test_outliers_do_no_harm(family: str) -> None:
    model = with_outliers(family)
    data, reference = calibration(model), logits(model)
    gptq, quik = (
        error(logits(quantize(model, recipe, calibration=data).model), reference)
        for recipe in (by_gptq(W4A4), by_quik(W4A4))
    )
    assert quik < 0.6 * gptq


def test_the_columns_are_those_of_the_outliers() -> None:
    """Channels 5 and 37 of every norm's output are 30 times as large as the rest."""
    found = quantize(
        with_outliers("whisper"), by_quik(W4A4, 2 / 64), calibration=calibration(whisper())
    ).model
    readers = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "fc1")
    for name in readers:
        layer = found.get_submodule(f"model.encoder.layers.0.{name}")
        assert isinstance(layer, MixedLinear)
        assert layer.float_columns.tolist() == [5, 37]


@FAMILIES
def test_a_saved_network_computes_the_same(family: str, tmp_path: Path) -> None:
    model = NETWORKS[family](layers=1)
    quantized = quantize(
        model, by_quik(uniform("int4_g32_asym", "int8_token")), calibration=calibration(model)
    )
    save_quantized(quantized, tmp_path / "packed")
    loaded = load_quantized(tmp_path / "packed")
    assert torch.equal(logits(loaded.model), logits(quantized.model))


def test_what_is_stored_is_what_is_charged(tmp_path: Path) -> None:
    """Column numbers apart: layers that read one tensor share them in the graph, and not on disk."""
    from safetensors.torch import load_file

    model = whisper(layers=1)
    quantized = quantize(model, by_quik(W4A4), calibration=calibration(model))
    save_quantized(quantized, tmp_path / "packed")
    tensors = load_file(tmp_path / "packed" / TENSORS)
    numbers = sum(tensor.nbytes for name, tensor in tensors.items() if name.endswith("float_columns"))
    on_disk = sum(tensor.nbytes for tensor in tensors.values()) - numbers
    workload = trace_recogniser(quantized.model, "whisper")
    in_graph = {
        tensor.name: 2 * int(tensor.elements.at({}))
        for graph in workload.graphs
        for tensor in graph.tensors
        if tensor.name.endswith(".float_columns")
    }
    assert packed_bytes(workload) - sum(in_graph.values()) == on_disk
    assert numbers == 2 * (10 * n_float(QuikConfig(), 64) + 2 * n_float(QuikConfig(), 128) + 4 * 4)


def test_float_columns_are_charged_as_float_products() -> None:
    """64 inputs, 4 of them float: of a layer's products 4 / 64 are of 16 by 16 bits."""
    graph = float_workload("whisper").graph(Phase.ENCODE)
    assert graph is not None
    annotated = by_quik(W4A4).annotate(graph)
    assert graph_macs(annotated).at(ONE) == graph_macs(graph).at(ONE)
    ops = {op.name: op for op in annotated.ops}
    thin, integer = (ops[f"model.encoder.layers.0.fc1/{part}"] for part in ("float_columns", "linear"))
    assert [operand.format for operand in thin.reads] == [FLOAT16, FLOAT16]
    assert [operand.format.name for operand in integer.reads] == ["int4_token", "int4_channel"]
    assert int(macs(thin).at(ONE)) * 60 == int(macs(integer).at(ONE)) * 4
    assert not any(op.function == "split_columns" for op in annotated.ops)  # whoever writes it splits it
    splits = [op for op in annotated.ops if any(step.function == "split_columns" for step in op.epilogues)]
    assert len(splits) == 4  # q, k and v share one


def test_layers_kept_at_eight_bits() -> None:
    model = whisper(layers=1)
    eight = LayerRule(("*.fc2",), INT8_CHANNEL, INT8_TOKEN)
    recipe = by_quik(replace(W4A4, layers=(eight, *W4A4.layers)))
    layer = quantize(model, recipe, calibration=calibration(model)).model.get_submodule(
        "model.decoder.layers.0.fc2"
    )
    assert isinstance(layer, MixedLinear)
    assert (layer.weight_format.bits, layer.activation_format.bits, len(layer.float_columns)) == (8, 8, 8)


@pytest.mark.parametrize(
    ("share", "width", "count"),
    [(0.0, 64, 0), (0.0625, 64, 4), (0.0625, 288, 18), (0.001, 64, 1), (1.0, 64, 64)],
)
def test_shares_by_hand(share: float, width: int, count: int) -> None:
    assert n_float(QuikConfig(share=share), width) == count


def test_fixed_ranges_are_refused() -> None:
    model = whisper()
    with pytest.raises(EdgeAsrError, match=r"'model.encoder.layers.0.self_attn.k_proj' has activations in"):
        quantize(model, by_quik(load_recipe("w8a8-static")), calibration=calibration(model))


def test_a_share_that_makes_no_sense() -> None:
    with pytest.raises(EdgeAsrError, match=r"quik: share is 1.5; write how much stays float"):
        QuikConfig(share=1.5)
    with pytest.raises(EdgeAsrError, match="damping is -1"):
        QuikConfig(damping=-1.0)
