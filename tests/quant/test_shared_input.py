import pytest
import torch
from torch import Tensor, nn

from quant.activations import quantize_activation
from quant.quantize import quantize
from quant.recipe import load_recipe
from quant.shared_input import SharedInput
from tests.quant.networks import NETWORKS, calibration, logits
from traces.formats import INT8_TOKEN, Format

FAMILIES = pytest.mark.parametrize("family", NETWORKS)
ATTENTION = "model.encoder.layers.0.self_attn"


@pytest.fixture
def rounded(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The tensors that attentions round on entry."""
    seen: list[Tensor] = []

    def counted(x: Tensor, number: Format) -> Tensor:
        seen.append(x)
        return quantize_activation(x, number)

    monkeypatch.setattr("quant.shared_input.quantize_activation", counted)
    return seen


@FAMILIES
def test_each_tensor_is_rounded_once_and_the_numbers_are_those_of_rounding_each_time(
    family: str, rounded: list[Tensor]
) -> None:
    network = quantize(NETWORKS[family](), load_recipe("w8a8")).model
    together = logits(network)
    n_self_attentions = sum(name.endswith("self_attn") for name, _ in network.named_modules())
    n_cross_attentions = sum(name.endswith("encoder_attn") for name, _ in network.named_modules())
    assert len(rounded) == n_self_attentions + 2 * n_cross_attentions
    for layer in network.modules():
        if hasattr(layer, "shared_input"):
            layer.shared_input = None
    assert torch.equal(logits(network), together)


@FAMILIES
def test_layers_with_float_inputs_share_nothing(family: str, rounded: list[Tensor]) -> None:
    network = quantize(NETWORKS[family](), load_recipe("w4a16-g32")).model
    logits(network)
    assert not rounded


@FAMILIES
def test_a_fixed_range_is_each_layers_own(family: str, rounded: list[Tensor]) -> None:
    model = NETWORKS[family]()
    network = quantize(model, load_recipe("w8a8-static"), calibration=calibration(model)).model
    logits(network)
    assert not rounded


def test_outside_an_attention_nothing_is_kept(rounded: list[Tensor]) -> None:
    shared, x = SharedInput(), torch.randn(2, 8)
    first = shared.quantize(x, INT8_TOKEN).clone()
    x *= 3.0
    assert not torch.equal(shared.quantize(x, INT8_TOKEN), first)
    assert len(rounded) == 2


def test_nothing_outlives_a_run(rounded: list[Tensor]) -> None:
    shared, x = SharedInput(), torch.randn(2, 8)
    for _ in range(2):
        shared.open_()
        assert shared.quantize(x, INT8_TOKEN) is shared.quantize(x, INT8_TOKEN)
        shared.close_()
        x *= 3.0
    assert len(rounded) == 2


def test_another_format_is_rounded_for_itself(rounded: list[Tensor]) -> None:
    shared, x = SharedInput(), torch.randn(2, 8)
    shared.open_()
    coarse = shared.quantize(x, Format.parse("int4_token"))
    assert not torch.equal(shared.quantize(x, INT8_TOKEN), coarse)
    assert len(rounded) == 2


@FAMILIES
def test_an_attention_that_fails_keeps_nothing(family: str, rounded: list[Tensor]) -> None:
    network = quantize(NETWORKS[family](), load_recipe("w8a8")).model
    attention = network.get_submodule(ATTENTION)
    attention.k_proj = nn.Linear(1, 1)
    with pytest.raises(RuntimeError):
        logits(network)
    x = rounded[0]
    attention.q_proj(x)
    assert sum(seen is x for seen in rounded) == 2
