from dataclasses import replace

import pytest
import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, GenerationMixin, PreTrainedModel

from quant.attention import QuantizedCacheLayer
from quant.calibration import CalibrationBatch, CalibrationData, capture_ranges
from quant.modules import QuantizedConv1d, QuantizedEmbedding, QuantizedLinear
from quant.quantize import quantize
from quant.recipe import bundled_recipes, load_recipe
from quant.tensor_file import stored_tensors
from tests.quant.networks import NETWORKS, calibration, inputs, logits, moonshine, token_ids, whisper
from tests.quant.recipes import uniform, with_layer
from traces.cache_argument import cache_argument
from traces.errors import EdgeAsrError
from traces.formats import Format

FAMILIES = pytest.mark.parametrize("family", NETWORKS)


def error(quantized: Tensor, reference: Tensor) -> float:
    return float((quantized - reference).norm() / reference.norm())


def generated(model: PreTrainedModel, *, length: int = 10) -> Tensor:
    with torch.no_grad():
        found: Tensor = GenerationMixin.generate(
            model,
            inputs(model),
            decoder_input_ids=torch.ones(2, 1, dtype=torch.long),
            max_new_tokens=length,
            min_new_tokens=length,
            do_sample=False,
        )
    return found


@FAMILIES
@pytest.mark.parametrize("name", bundled_recipes())
def test_every_bundled_recipe_runs_on_both_families(family: str, name: str) -> None:
    model = NETWORKS[family]()
    recipe = load_recipe(name)
    quantized = quantize(model, recipe, calibration=calibration(model) if recipe.needs_calibration else None)
    assert type(quantized.model) is type(model)
    limits = {"float": 2e-3, "w8": 0.15, "w4": 0.9, "w3": 1.5, "w2": 3.0}
    limit = next(value for start, value in limits.items() if name.startswith(start))
    assert 0.0 < error(logits(quantized.model), logits(model)) < limit


@FAMILIES
def test_the_given_network_is_not_changed(family: str) -> None:
    model = NETWORKS[family]()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    output = logits(model)
    quantize(model, load_recipe("w4a8-g32"))
    assert torch.equal(logits(model), output)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert model.config._attn_implementation == "sdpa"


@FAMILIES
def test_sixteen_bits_change_next_to_nothing(family: str) -> None:
    model = NETWORKS[family]()
    recipe = uniform("int16_channel", "int16_token", attention="int16_token")
    rounded_floats = quantize(model, load_recipe("float")).model
    assert error(logits(quantize(model, recipe).model), logits(rounded_floats)) < 2e-3


@pytest.mark.parametrize("width", [288, 416])
def test_widths_that_groups_do_not_divide(width: int) -> None:
    model = moonshine(width, heads=8)
    errors = [
        error(logits(quantize(model, uniform(f"int4_g{size}_asym")).model), logits(model))
        for size in (32, 128)
    ]
    assert errors[0] < errors[1] < 1.0


@FAMILIES
def test_fewer_bits_more_error(family: str) -> None:
    model = NETWORKS[family]()
    names = [f"int{bits}_g32_asym" for bits in (8, 6, 4, 3)]
    errors = [error(logits(quantize(model, uniform(name)).model), logits(model)) for name in names]
    assert errors == sorted(errors)


@FAMILIES
def test_layers_are_replaced_and_the_head_stays_tied(family: str) -> None:
    quantized = quantize(NETWORKS[family](), load_recipe("w8a8")).model
    assert isinstance(quantized.get_submodule("model.encoder.conv1"), QuantizedConv1d)
    assert isinstance(quantized.get_submodule("model.decoder.layers.1.encoder_attn.k_proj"), QuantizedLinear)
    table, head = quantized.get_submodule("model.decoder.embed_tokens"), quantized.get_submodule("proj_out")
    assert isinstance(table, QuantizedEmbedding)
    assert isinstance(head, QuantizedLinear)
    assert head.weight is table.weight
    assert quantized.dtype == torch.float32


@FAMILIES
def test_generation_with_a_quantized_cache_equals_the_full_forward(family: str) -> None:
    quantized = quantize(NETWORKS[family](), load_recipe("w8a8")).model
    ids = generated(quantized)
    with torch.no_grad():
        full = quantized(inputs(quantized), decoder_input_ids=ids, use_cache=False).logits
    assert torch.equal(full.argmax(-1)[:, :-1], ids[:, 1:])


@FAMILIES
def test_the_cache_holds_rounded_tokens(family: str) -> None:
    quantized = quantize(NETWORKS[family](), uniform("int8_channel", attention="int4_token")).model
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    with torch.no_grad():
        quantized(
            inputs(quantized), decoder_input_ids=token_ids(), use_cache=True, **{cache_argument(): cache}
        )
    for part in (cache.self_attention_cache, cache.cross_attention_cache):
        layer = part.layers[1]
        assert isinstance(layer, QuantizedCacheLayer)
        for states in (layer.keys, layer.values):
            assert max(len(set(row.tolist())) for row in states.flatten(0, 2)) <= 15


@FAMILIES
@pytest.mark.parametrize("operand", ["query", "probability", "kv"])
def test_each_operand_of_attention_is_quantized(family: str, operand: str) -> None:
    model = NETWORKS[family]()
    recipe = uniform("int8_channel")
    plain = logits(quantize(model, recipe).model)
    three_bits = Format.parse("int3_token")
    match operand:
        case "query":
            rule = replace(recipe.attention[0], query=three_bits)
        case "probability":
            rule = replace(recipe.attention[0], probability=three_bits)
        case _:
            rule = replace(recipe.attention[0], kv=three_bits)
    assert error(logits(quantize(model, replace(recipe, attention=(rule,))).model), plain) > 1e-3


@FAMILIES
def test_same_network_same_bytes(family: str) -> None:
    first, second = (
        stored_tensors(quantize(NETWORKS[family](), load_recipe("w3a16")).model) for _ in range(2)
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_searched_ranges_help_at_three_bits() -> None:
    model = whisper()
    reference = logits(model)
    errors = [
        error(logits(quantize(model, uniform("int3_channel", search=search)).model), reference)
        for search in (False, True)
    ]
    assert errors[1] < errors[0]


@FAMILIES
def test_fixed_ranges_cover_the_calibration_data(family: str) -> None:
    model = NETWORKS[family]()
    data = calibration(model)
    name = "model.encoder.layers.0.self_attn.q_proj"
    seen: list[Tensor] = []
    hook = model.get_submodule(name).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        model(data.batches[0].inputs, decoder_input_ids=data.batches[0].decoder_ids)
    hook.remove()
    scale = capture_ranges(model, {name: Format.parse("int8_tensor")}, data=data, percentile=100.0)[name]
    assert float(scale.scale) == pytest.approx(float(seen[0].abs().max()) / 127, rel=1e-3)
    narrower = capture_ranges(model, {name: Format.parse("int8_tensor")}, data=data, percentile=99.0)[name]
    assert float(narrower.scale) < float(scale.scale)


def test_calibration_is_counted() -> None:
    model = whisper()
    data = calibration(model)
    assert data.n_utterances == 2
    assert data.n_tokens == 12
    quantized = quantize(model, load_recipe("w8a8-static"), calibration=data)
    assert (quantized.n_utterances, quantized.n_tokens) == (2, data.n_tokens)


def test_calibration_that_is_nan_or_missing_names_the_module() -> None:
    model = whisper()
    broken = CalibrationData((CalibrationBatch(inputs(model) * float("nan"), token_ids()),))
    with pytest.raises(EdgeAsrError, match=r"the input of module 'model.encoder.conv1' is NaN"):
        quantize(model, load_recipe("w8a8-static"), calibration=broken)
    with pytest.raises(
        EdgeAsrError, match=r"'w8a8-static' gives module 'model.encoder.conv1'.*give calibration"
    ):
        quantize(model, load_recipe("w8a8-static"))


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    quantize(whisper(), load_recipe("w8a16"), progress=lambda *step: told.append(step))
    assert told[-1][0] == "rtn"
    assert told[-1][1] == told[-1][2] == len(told)


@pytest.mark.parametrize(
    ("modules", "weight", "message"),
    [
        (("model.decoder.embed_tokens",), "int4_channel", "they are one weight; give both the same"),
        (("*layer_norm",), "int8_channel", "a LayerNorm has no quantized form"),
        (("*.no_such_layer",), "int8_channel", r"layers\[0\]: \*.no_such_layer matches no module"),
    ],
)
def test_recipes_that_do_not_fit(modules: tuple[str, ...], weight: str, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        quantize(whisper(), with_layer("w8a16", modules, weight))


def test_lookups_read_no_activations() -> None:
    with pytest.raises(EdgeAsrError, match="it reads token ids"):
        quantize(whisper(), with_layer("w8a16", ("*.embed_tokens",), "int8_channel", "int8_token"))


@pytest.mark.parametrize("index", range(5))
def test_every_kind_of_module_has_to_be_named(index: int) -> None:
    recipe = load_recipe("w8a16")
    layers = tuple(rule for number, rule in enumerate(recipe.layers) if number != index)
    with pytest.raises(EdgeAsrError, match="names no formats for module"):
        quantize(whisper(), replace(recipe, layers=layers))


def test_attention_has_to_be_named() -> None:
    rule = replace(load_recipe("w8a16").attention[0], modules=("*.self_attn",))
    with pytest.raises(EdgeAsrError, match=r"names no formats for attention 'model.decoder.*encoder_attn'"):
        quantize(whisper(), replace(load_recipe("w8a16"), attention=(rule,)))


def test_weights_that_are_not_numbers() -> None:
    model = whisper()
    model.get_parameter("model.encoder.layers.1.fc1.weight").data[0, 0] = float("nan")
    with pytest.raises(EdgeAsrError, match=r"weight of module 'model.encoder.layers.1.fc1': .*NaN"):
        quantize(model, load_recipe("w8a16"))


def test_floats_that_float16_cannot_hold() -> None:
    model = whisper()
    model.get_parameter("model.encoder.layer_norm.bias").data[0] = 1e6
    with pytest.raises(EdgeAsrError, match=r"'model.encoder.layer_norm.bias' is not finite in float16"):
        quantize(model, load_recipe("w8a16"))
