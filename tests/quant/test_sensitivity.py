"""One part of a network quantized: the same as a recipe that names that part alone."""

import pytest
import torch

from quant.damage import divergence, divergence_of, encoded_by, reference_of
from quant.methods.rtn import RtnConfig
from quant.quantize import quantize
from quant.recipe import AttentionRule, LayerRule, MethodStep, Recipe, load_recipe
from quant.sensitivity import host_of, part_divergences
from quant.uniform import uniform_recipe
from tests.quant.networks import NETWORKS, calibration, logits
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16

RTN = (MethodStep("rtn", RtnConfig()),)
ENCODER = "model.encoder.layers.0.self_attn"
DECODER = "model.decoder.layers.1.encoder_attn"


def alone(name: str, part: frozenset[str]) -> Recipe:
    """The recipe that gives a format to some modules and leaves the others float."""
    recipe, rest = uniform_recipe(name, RTN), load_recipe("float")
    layers = [module for module in sorted(part) if module.endswith("_proj")]
    attention = [module for module in sorted(part) if module.endswith("_attn")]
    weight = recipe.layer_formats(layers[0])
    operands = recipe.attention_formats(attention[0])
    return Recipe(
        name="alone",
        layers=(LayerRule(tuple(layers), weight.weight, weight.activation), *rest.layers),
        attention=(
            AttentionRule(tuple(attention), operands.query, operands.probability, operands.kv),
            *rest.attention,
        ),
        methods=RTN,
    )


def part_of(attention: str) -> frozenset[str]:
    names = ("q_proj", "k_proj", "v_proj")
    return frozenset((attention, *(f"{attention}.{name}" for name in names)))


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("part", [part_of(ENCODER), part_of(DECODER)], ids=["encoder", "decoder"])
def test_a_part_alone_is_the_recipe_that_names_it_alone(family: str, part: frozenset[str]) -> None:
    model = NETWORKS[family]()
    data = calibration(model)
    host = host_of(model, data)
    quantized = quantize(model, uniform_recipe("w3a8-kv4", RTN), calibration=data).model
    (found,) = part_divergences(host, quantized, parts=[part])
    expected = divergence(model, alone("w3a8-kv4", part), reference=reference_of(model, data))
    # quantize also rounds what stays float to float16, which tips single codes of these random networks.
    assert found == pytest.approx(expected, rel=0.1)
    assert found > 1e-6


@pytest.mark.parametrize("family", NETWORKS)
def test_the_host_is_float_before_and_after(family: str) -> None:
    model = NETWORKS[family]()
    data = calibration(model)
    host = host_of(model, data)
    before = divergence_of(host.network, host.reference)
    assert before < 1e-6
    quantized = quantize(model, uniform_recipe("w2a8", RTN), calibration=data).model
    parts = [part_of(ENCODER), part_of(DECODER)]
    first = part_divergences(host, quantized, parts=parts)
    assert part_divergences(host, quantized, parts=parts[::-1]) == first[::-1]
    assert divergence_of(host.network, host.reference) == before
    assert torch.equal(logits(model), logits(NETWORKS[family]()))


@pytest.mark.parametrize("family", NETWORKS)
def test_known_encoder_outputs_change_nothing(family: str) -> None:
    model = NETWORKS[family]()
    reference = reference_of(model, calibration(model))
    quantized = quantize(model, uniform_recipe("w3a16", RTN), calibration=reference.data).model
    encoded = encoded_by(quantized, reference.data)
    whole = divergence_of(quantized, reference)
    assert divergence_of(quantized, reference, encoded=encoded) == pytest.approx(whole, rel=1e-5)


def test_an_unknown_module_is_an_error_that_leaves_the_host_whole() -> None:
    model = NETWORKS["whisper"]()
    data = calibration(model)
    host = host_of(model, data)
    quantized = quantize(model, uniform_recipe("w2a8", RTN), calibration=data).model
    with pytest.raises(EdgeAsrError, match=r"no module 'model\.encoder\.layers\.9"):
        part_divergences(host, quantized, parts=[frozenset((ENCODER, "model.encoder.layers.9.fc1"))])
    assert divergence_of(host.network, host.reference) < 1e-6
    assert host.network.get_submodule(ENCODER).attention_formats.kv == FLOAT16
