import pytest
import torch

from quant.activations import SMALL, quantize_activation, quantize_alike, quantize_probabilities
from quant.quantizer import SMALLEST_SCALE, Scale, code_range, scale_of_range, step_of_largest
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


def upwards(scale: torch.Tensor) -> torch.Tensor:
    """The next float16 that is not smaller, of positive float32, as float32."""
    nearest = scale.clamp(min=SMALLEST_SCALE).half()
    above = (nearest.view(torch.int16) + 1).view(torch.float16)
    return torch.where(nearest.float() < scale, above, nearest).float()


def by_definition(x: torch.Tensor, number: Format, static: Scale | None = None) -> torch.Tensor:
    """Rounding as the grid is defined, without any short cut."""
    codes = code_range(number)
    axes = (-1,) if number.granularity is Granularity.TOKEN else tuple(range(min(1, x.ndim - 2), x.ndim))
    low = x.float().amin(axes, keepdim=True).clamp(max=0.0)
    high = x.float().amax(axes, keepdim=True).clamp(min=0.0)
    zero = torch.zeros(())
    if static is not None:
        step, zero = static.scale.float(), zero if static.zero is None else static.zero.float()
    elif number.symmetric:
        step = upwards(torch.maximum(-low, high) / codes.high)
    else:
        step = upwards((high - low) / (codes.levels - 1))
        zero = (codes.low - low / step).round().clamp(codes.low, codes.high)
    step, zero = step.to(x.dtype), zero.to(x.dtype)
    return (x / step).round().clamp(codes.low - zero, codes.high - zero) * step


def bits(x: torch.Tensor) -> torch.Tensor:
    """The bit pattern, which tells zeros of either sign apart."""
    return x.contiguous().view({2: torch.int16, 4: torch.int32, 8: torch.int64}[x.element_size()])


def speech_like(*shape: int, size: float) -> torch.Tensor:
    """Numbers of either sign, with a row of zeros, one of negative zeros and one that is only positive."""
    x = size * torch.randn(shape, generator=torch.Generator().manual_seed(shape[-1]))
    rows = x.view(-1, shape[-1])
    rows[1], rows[2] = 0.0, -0.0
    rows[3].abs_()
    return x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize("shape", [(40, 1), (9, 31), (2, 70, 32), (3, 2, 40, 40), (2, 70, 400)])
@pytest.mark.parametrize(
    "name",
    [
        "int2_token",
        "int4_token",
        "int8_token",
        "int16_token",
        "int8_tensor_dynamic",
        "int16_tensor_dynamic",
        "int4_token_asym",
        "int8_token_asym",
        "int8_tensor_asym_dynamic",
    ],
)
def test_every_bit_is_that_of_the_definition(name: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    number = Format.parse(name)
    for size in (1e-9, 1e-3, 1.0, 1e4):  # the smallest steps are subnormal float16
        x = speech_like(*shape, size=size).to(dtype)
        assert torch.equal(bits(quantize_activation(x, number)), bits(by_definition(x, number)))
        if number.granularity is Granularity.TOKEN:
            turned = x.transpose(0, 1)
            assert torch.equal(bits(quantize_activation(turned, number)), bits(by_definition(turned, number)))


@pytest.mark.parametrize("name", ["int8_tensor", "int8_tensor_asym", "int4_tensor"])
def test_every_bit_of_a_fixed_range_is_that_of_the_definition(name: str) -> None:
    number = Format.parse(name)
    static = scale_of_range(torch.tensor(-0.7), torch.tensor(1.9), number)
    x = speech_like(2, 70, 40, size=1.0)
    assert torch.equal(
        bits(quantize_activation(x, number, static=static)), bits(by_definition(x, number, static))
    )


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_steps_are_rounded_up_from_nothing_to_infinity(width: int) -> None:
    number = Format("int", width)
    some = torch.rand(1000, generator=torch.Generator().manual_seed(0)) + 1.0
    largest = torch.cat([some * 2.0**exponent for exponent in range(-130, 127)])
    largest = torch.cat([largest, torch.tensor([0.0, torch.inf]), torch.arange(1, 2000) / 1024])
    assert torch.equal(step_of_largest(largest, number), upwards(largest / code_range(number).high))
    assert bool(step_of_largest(torch.tensor([torch.nan]), number).isnan())


def test_an_infinite_or_missing_number_spoils_its_row_alone() -> None:
    x = torch.randn(4, 40)
    x[1, 3], x[2, 5] = torch.nan, torch.inf
    found = quantize_activation(x, INT8_TOKEN)
    assert bool(found[1:3].isnan().any(-1).all())
    assert torch.equal(found[[0, 3]], by_definition(x[[0, 3]], INT8_TOKEN))


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


@pytest.mark.parametrize("name", ["int8_token", "int8_token_asym", "int4_tensor_dynamic", "float16"])
@pytest.mark.parametrize(
    "shapes",
    [[(2, 3, 5, 40)] * 3, [(2, 3, 5, 40), (2, 3, 7, 40), (2, 3, 7, 40)], [(1, 2, 4, SMALL // 4)] * 2],
    ids=["alike", "of two lengths", "large"],
)
def test_tensors_rounded_together_are_rounded_one_by_one(
    name: str, shapes: list[tuple[int, int, int, int]]
) -> None:
    number = Format.parse(name)
    tensors = [speech_like(*shape, size=10.0**index) for index, shape in enumerate(shapes)]
    tensors[0] = tensors[0].transpose(1, 2).contiguous().transpose(1, 2)  # heads as an attention sees them
    for x, found in zip(tensors, quantize_alike(tensors, number), strict=True):
        assert torch.equal(bits(found), bits(quantize_activation(x, number)))
