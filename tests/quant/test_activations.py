import pytest
import torch

from quant.activations import quantize_activation, quantize_probabilities
from quant.quantizer import Scale, code_range, scale_of_range
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_TOKEN, INT16_TOKEN, Format, Granularity


def test_float_formats_pass_through() -> None:
    x = torch.randn(2, 3, 4)
    assert quantize_activation(x, FLOAT16) is x


def test_each_token_has_its_own_range() -> None:
    x = torch.tensor([[[127.0, 1.4], [1.27, 0.014]]])
    found = quantize_activation(x, INT8_TOKEN)
    assert found[0, 0].tolist() == [127.0, 1.0]
    assert found[0, 1].tolist() == pytest.approx([1.27, 0.01], rel=1e-2)


def test_a_tensor_is_one_utterance_of_the_batch() -> None:
    number = Format.parse("int8_tensor_dynamic")
    x = torch.randn(3, 5, 8) * torch.tensor([0.1, 1.0, 10.0]).view(3, 1, 1)
    together = quantize_activation(x, number)
    assert torch.equal(together[1], quantize_activation(x[1:2], number)[0])
    assert not torch.equal(together, quantize_activation(x, INT8_TOKEN))


@pytest.mark.parametrize("name", ["int4_token", "int8_token", "int8_token_asym", "int8_tensor_dynamic_asym"])
def test_error_is_at_most_half_a_step(name: str) -> None:
    number = Format.parse(name.replace("dynamic_asym", "asym_dynamic"))
    x = torch.randn(4, 6, 33) + 0.7
    axes = (-1,) if "token" in name else (1, 2)
    low, high = x.amin(axes, keepdim=True).clamp(max=0), x.amax(axes, keepdim=True).clamp(min=0)
    step = scale_of_range(low, high, number).scale.float()
    assert bool(((quantize_activation(x, number) - x).abs() <= step * 0.5001).all())


def test_sixteen_bits_are_nearly_exact() -> None:
    x = torch.randn(4, 7, 64)
    assert float((quantize_activation(x, INT16_TOKEN) - x).norm() / x.norm()) < 5e-5


def test_fixed_range_clips_what_lies_beyond() -> None:
    number = Format.parse("int8_tensor_asym")
    static = scale_of_range(torch.tensor(0.0), torch.tensor(255.0), number)
    found = quantize_activation(torch.tensor([[-3.0, 0.4, 200.6, 300.0]]), number, static=static)
    assert found.tolist() == [[0.0, 0.0, 201.0, 255.0]]


def test_fixed_range_symmetric() -> None:
    static = Scale(torch.tensor(0.5, dtype=torch.float16), None)
    found = quantize_activation(torch.tensor([[-100.0, 0.6]]), Format.parse("int8_tensor"), static=static)
    assert found.tolist() == [[-63.5, 0.5]]


def test_fixed_range_needs_a_scale() -> None:
    with pytest.raises(EdgeAsrError, match="int8_tensor has a fixed range"):
        quantize_activation(torch.randn(2, 2), Format.parse("int8_tensor"))


def test_input_is_not_changed() -> None:
    x = torch.randn(2, 3, 4)
    before = x.clone()
    quantize_activation(x, INT8_TOKEN)
    assert torch.equal(x, before)


def by_definition(x: torch.Tensor, number: Format) -> torch.Tensor:
    """Rounding as the grid is defined, without any short cut."""
    axes = (-1,) if "token" in number.name else tuple(range(1, x.ndim))
    low, high = x.amin(axes, keepdim=True).clamp(max=0.0), x.amax(axes, keepdim=True).clamp(min=0.0)
    step = scale_of_range(low.float(), high.float(), number).scale.to(x.dtype)
    codes = code_range(number)
    return (x / step).round().clamp(codes.low, codes.high) * step


@pytest.mark.parametrize(
    "name", ["int2_token", "int4_token", "int8_token", "int8_tensor_dynamic", "int16_token"]
)
@pytest.mark.parametrize("width", [1, 31, 32, 40, 400])
def test_the_short_cut_gives_the_same_numbers(name: str, width: int) -> None:
    number = Format.parse(name)
    for size in (1e-9, 1e-3, 1.0, 1e4):  # the smallest steps are subnormal float16
        x = size * torch.randn(2, 70, width, generator=torch.Generator().manual_seed(width))
        x[0, 3] = 0.0
        assert torch.equal(quantize_activation(x, number), by_definition(x, number))
        assert torch.equal(quantize_activation(x.double(), number), by_definition(x.double(), number))
        transposed = x.transpose(0, 1)
        if number.granularity is Granularity.TOKEN:
            assert torch.equal(quantize_activation(transposed, number), by_definition(transposed, number))


@pytest.mark.parametrize("name", ["float16", "int8_token", "int8_token_asym", "int8_tensor_dynamic"])
@pytest.mark.parametrize("keys", [5, 60, 100])
def test_probabilities_are_activations(name: str, keys: int) -> None:
    number = Format.parse(name)
    p = torch.randn(2, 3, 40, keys, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert torch.equal(quantize_probabilities(p.clone(), number), quantize_activation(p, number))


def test_a_gradient_passes_probabilities_straight_through() -> None:
    x = torch.randn(2, 50, requires_grad=True)
    (found,) = torch.autograd.grad(quantize_probabilities(x.softmax(-1), INT8_TOKEN)[:, 0].sum(), x)
    (expected,) = torch.autograd.grad(x.softmax(-1)[:, 0].sum(), x)
    assert torch.equal(found, expected)
