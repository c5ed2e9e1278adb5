"""What is measured of each layer, against the same quantity worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from quant.calibration import CalibrationBatch, CalibrationData
from quant.details import LayerDetail, layer_details
from quant.plan import make_plan
from quant.quantize import quantize
from quant.quantizer import clipped_share, find_scale
from quant.recipe import load_recipe
from tests.quant.networks import NETWORKS, calibration, inputs, token_ids, whisper
from tests.quant.recipes import by_methods, uniform
from traces.errors import EdgeAsrError
from traces.formats import Format

FC1 = "model.encoder.layers.1.fc1"
CROSS = "model.decoder.layers.0.encoder_attn.v_proj"


def by_name(details: tuple[LayerDetail, ...]) -> dict[str, LayerDetail]:
    return {detail.module: detail for detail in details}


def input_of(model: nn.Module, name: str, data: CalibrationData) -> Tensor:
    """The input of a layer, (tokens, in), of the first batch."""
    seen: list[Tensor] = []
    hook = model.get_submodule(name).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        model(data.batches[0].inputs, decoder_input_ids=data.batches[0].decoder_ids)
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("recipe", ["w3a16", "w4a8-g32", "w8a8-static"])
def test_every_planned_layer_in_order(family: str, recipe: str) -> None:
    model = NETWORKS[family]()
    data = calibration(model)
    details = quantize(model, load_recipe(recipe), calibration=data, details=data).details
    assert [detail.module for detail in details] == [
        layer.module for layer in make_plan(model, load_recipe(recipe)).layers
    ]
    assert all(detail.relative_error is not None and 0 < detail.relative_error < 0.6 for detail in details)
    assert all((detail.input_absmax is None) == (detail.kind == "embedding") for detail in details)


def test_the_error_is_that_of_the_product_on_the_float_input() -> None:
    model = whisper()
    data = calibration(model)
    quantized = quantize(model, uniform("int3_channel", "int8_token"), calibration=data, details=data)
    x = input_of(model, FC1, data)
    layer, twin = model.get_submodule(FC1), quantized.model.get_submodule(FC1)
    weight = layer.weight.detach()
    difference = twin(x) - twin.bias - x @ weight.T
    found = by_name(quantized.details)[FC1]
    assert found.relative_error == pytest.approx(float(difference.norm() / (x @ weight.T).norm()), rel=1e-4)
    assert found.input_absmax == pytest.approx(float(x.abs().max()))
    assert (found.weight, found.activation) == ("int3_channel", "int8_token")
    assert found.scale_max == pytest.approx(float(weight.abs().max()) / 3, rel=1e-3)
    assert found.weight_absmax == float(weight.abs().max())


def test_the_network_error_is_that_of_each_network_on_its_own_input() -> None:
    model = whisper()
    data = calibration(model)
    quantized = quantize(model, uniform("int3_channel"), calibration=data, details=data)
    layer, twin = model.get_submodule(FC1), quantized.model.get_submodule(FC1)
    target = input_of(model, FC1, data) @ layer.weight.detach().T
    given = twin(input_of(quantized.model, FC1, data)) - twin.bias
    found = by_name(quantized.details)
    assert found[FC1].network_error == pytest.approx(float((given - target).norm() / target.norm()), rel=1e-4)
    first = found["model.encoder.layers.0.self_attn.q_proj"]  # before it all is float
    assert first.network_error == pytest.approx(first.relative_error, rel=1e-2)  # norms become float16
    assert found[FC1].network_error != found[FC1].relative_error


def test_batches_add_up() -> None:
    model = whisper()
    both = calibration(model)
    (batch,) = both.batches
    single = CalibrationData(
        tuple(CalibrationBatch(batch.inputs[i : i + 1], batch.decoder_ids[i : i + 1]) for i in range(2))
    )
    first, second = (quantize(model, load_recipe("w3a16"), details=data).details for data in (both, single))
    for one, other in zip(first, second, strict=True):
        assert one.relative_error == pytest.approx(other.relative_error, rel=1e-4)
        assert one.network_error == pytest.approx(other.network_error, rel=1e-4)
        if one.input_kurtosis is not None:
            assert one.input_kurtosis == pytest.approx(other.input_kurtosis, rel=1e-4)


@pytest.mark.parametrize("module", [FC1, CROSS, "model.encoder.conv1", "model.encoder.conv2"])
def test_padding_is_left_out(module: str) -> None:
    """Only 5 of 20 positions carry data; what lies behind them is of another size."""
    model = whisper()
    features = inputs(model)
    features[:, :, 10:] *= 50.0
    data = [CalibrationData((CalibrationBatch(features, token_ids(), valid),)) for valid in (5, None)]
    kept, everything = (
        by_name(quantize(model, load_recipe("w3a16"), details=d).details)[module] for d in data
    )
    assert kept.relative_error != everything.relative_error
    x = input_of(model, module, data[0])
    x = x[:, :, :10] if "conv" in module else x[:, :5]
    assert kept.input_absmax == pytest.approx(float(x.abs().max()))
    assert kept.input_kurtosis != everything.input_kurtosis


def test_decoder_tokens_are_no_padding() -> None:
    model = whisper()
    data = [CalibrationData((CalibrationBatch(inputs(model), token_ids(), valid),)) for valid in (2, None)]
    name = "model.decoder.layers.1.fc2"
    kept, everything = (by_name(quantize(model, load_recipe("w3a16"), details=d).details)[name] for d in data)
    assert kept == everything


def test_details_change_nothing() -> None:
    model = whisper()
    data = calibration(model)
    plain, measured = (
        quantize(model, load_recipe("w3a16")),
        quantize(model, load_recipe("w3a16"), details=data),
    )
    assert plain.details == ()
    first, second = plain.model.state_dict(), measured.model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(module._forward_hooks for module in measured.model.modules())


def test_scales_of_transforms_are_shown_where_they_are_read() -> None:
    model = whisper()
    layers = make_plan(model, load_recipe("w3a16")).layers
    quantized = quantize(model, load_recipe("w3a16")).model
    found = by_name(
        layer_details(
            model,
            quantized,
            layers=layers,
            data=calibration(model),
            channel_scales={FC1: torch.tensor([0.5, 4.0])},
        )
    )
    assert (found[FC1].channel_scale_min, found[FC1].channel_scale_max) == (0.5, 4.0)
    assert found[CROSS].channel_scale_max is None


@pytest.mark.parametrize("family", NETWORKS)
def test_smoothing_shows_where_norms_are_read(family: str) -> None:
    model = NETWORKS[family]()
    data = calibration(model)
    details = quantize(
        model, by_methods("w4a8-g32", "smoothquant", "rtn"), calibration=data, details=data
    ).details
    scaled = [detail.module for detail in details if detail.channel_scale_min is not None]
    assert len(scaled) == 2 * 4 + 2 * 7  # q, k, v, fc1; in the decoder also the cross-attention's q, k, v
    assert not any(name.endswith((".fc2", ".out_proj", ".o_proj", "proj_out")) for name in scaled)


@pytest.mark.parametrize("method", ["quik", "quarot"])
def test_networks_that_methods_rebuild_are_measured_too(method: str) -> None:
    model = whisper()
    data = calibration(model)
    steps = (method, "rtn") if method == "quarot" else (method,)
    details = quantize(model, by_methods("w4a8-g32", *steps), calibration=data, details=data).details
    assert all(detail.relative_error is not None and 0 < detail.relative_error < 0.2 for detail in details)


def test_clipped_share_counts_weights_beyond_the_codes() -> None:
    number = Format.parse("int3_channel")
    weight = torch.tensor([[3.0, -3.0, 1.0, 0.0], [3.0, 1.0, 1.0, 3.4]])
    scale = find_scale(torch.tensor([[3.0], [3.0]]), number)
    assert clipped_share(weight, scale, number) == 0.0  # 3.4 is nearest to code 3
    weight[1, 3] = -3.6
    assert clipped_share(weight, scale, number) == 1 / 8
    asymmetric = Format.parse("int2_g2_asym")
    assert (
        clipped_share(
            torch.tensor([[0.0, 3.0, 1.0]]),
            find_scale(torch.tensor([[0.0, 3.0, 1.0]]), asymmetric),
            asymmetric,
        )
        == 0.0
    )


def test_data_that_is_not_finite_names_the_module() -> None:
    model = whisper()
    broken = CalibrationData((CalibrationBatch(inputs(model) * float("inf"), token_ids()),))
    with pytest.raises(EdgeAsrError, match=r"the input of module 'model.encoder.conv1' is NaN or infinite"):
        quantize(model, load_recipe("w3a16"), details=broken)
