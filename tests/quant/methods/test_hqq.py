from dataclasses import replace

import pytest
import torch
from torch import Tensor

from quant.methods.hqq import HqqConfig, fit_weight, hqq
from quant.methods.problem import Problem
from quant.plan import make_plan
from quant.quantizer import BLOCK_ELEMENTS
from quant.recipe import MethodStep, load_recipe, with_methods
from quant.weights import round_weight
from tests.quant.networks import NETWORKS
from traces.errors import EdgeAsrError
from traces.formats import Format

CONFIG = HqqConfig()


def normal(*shape: int) -> Tensor:
    return 0.05 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


def fitted(weight: Tensor, name: str, config: HqqConfig = CONFIG) -> Tensor:
    return fit_weight(weight, Format.parse(name), module="layer", config=config).dequantized()


@pytest.mark.parametrize("shape", [(16, 100), (16, 8, 7)])
@pytest.mark.parametrize(
    "name", ["int2_g32_asym", "int3_channel_asym", "int3_channel", "int4_g48", "int8_channel"]
)
def test_the_squared_error_falls_below_that_of_rounding(name: str, shape: tuple[int, ...]) -> None:
    weight = normal(*shape)
    rounded = round_weight(weight, Format.parse(name), module="layer").dequantized()
    assert (fitted(weight, name) - weight).square().sum() < (rounded - weight).square().sum()


@pytest.mark.parametrize("name", ["int3_channel_asym", "int3_channel"])
def test_weights_on_the_grid_stay(name: str) -> None:
    codes = torch.tensor([[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]] * 2)
    codes[1, 0] = -4.0 if name.endswith("asym") else -3.0
    weight = codes * torch.tensor([[0.125], [0.5]])
    assert torch.allclose(fitted(weight, name), weight, atol=1e-3)


def test_sixteen_bits_leave_the_weight_as_it_is() -> None:
    weight = normal(8, 40)
    assert torch.allclose(fitted(weight, "int16_channel"), weight, atol=2e-5)


def test_what_pads_a_short_last_group_does_not_count() -> None:
    weight = normal(6, 80) + 0.1  # far from zero, where the padding lies
    whole, alone = fitted(weight, "int3_g64_asym"), fitted(weight[:, 64:], "int3_channel_asym")
    assert torch.equal(whole[:, 64:], alone)


def test_rows_are_fitted_alike_in_any_company() -> None:
    weight = normal(3 * BLOCK_ELEMENTS // 80, 80)
    together = fitted(weight, "int3_channel_asym")
    for row in (0, len(weight) - 1):
        assert torch.equal(together[row : row + 1], fitted(weight[row : row + 1], "int3_channel_asym"))


def test_large_residuals_do_not_count_in_full() -> None:
    """A weight of 4 among tiny ones: least squares would follow it, p < 1 leaves it behind."""
    weight = normal(1, 64)
    weight[0, 0] = 4.0
    free, squares = (
        fitted(weight, "int3_channel", CONFIG),
        fitted(weight, "int3_channel", replace(CONFIG, beta=1e9)),
    )
    assert free[0, 0] < squares[0, 0]


def test_the_coupling_is_annealed() -> None:
    weight = 20.0 * normal(4, 64)
    results = [fitted(weight, "int2_channel_asym", replace(CONFIG, kappa=kappa)) for kappa in (1.0, 2.0)]
    assert not torch.equal(*results)


def test_a_row_of_zeros_stays_zero() -> None:
    assert fitted(torch.zeros(2, 8), "int3_channel_asym").count_nonzero() == 0


@pytest.mark.parametrize("family", NETWORKS)
def test_every_layer_of_a_network_is_fitted(family: str) -> None:
    """Convolutions and lookups as well: their error is below that of rounding, summed over all of a kind."""
    model = NETWORKS[family]()
    recipe = with_methods(load_recipe("w3a16-g32"), (MethodStep("hqq", CONFIG),), name="hqq")
    assert not recipe.needs_calibration
    layers = tuple(layer for layer in make_plan(model, recipe).layers if not layer.is_tied)
    found = hqq(Problem(model, layers, None), CONFIG)
    errors: dict[str, list[float]] = {}
    for layer in layers:
        weight = model.get_parameter(f"{layer.module}.weight").detach()
        rounded = round_weight(weight, layer.weight, module=layer.module)
        gain = [
            float((each.dequantized() - weight).square().sum()) for each in (found[layer.module], rounded)
        ]
        sums = errors.setdefault(layer.kind, [0.0, 0.0])
        errors[layer.kind] = [sums[0] + gain[0], sums[1] + gain[1]]
    assert set(errors) == {"linear", "conv1d", "embedding"}
    assert all(fit < plain for fit, plain in errors.values())


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(EdgeAsrError, match=r"hqq: p is 1\.5"):
        HqqConfig(p=1.5)
