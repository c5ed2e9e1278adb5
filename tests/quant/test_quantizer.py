import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.quantizer import (
    BLOCK_ELEMENTS,
    RangeSearch,
    code_range,
    fake_quantize,
    find_scale,
    from_codes,
    grouped,
    row_blocks,
    to_codes,
    ungrouped,
)
from traces.errors import EdgeAsrError
from traces.formats import Format

FORMATS = [
    f"int{bits}_{shared}{suffix}"
    for bits in (2, 3, 4, 8)
    for shared in ("tensor", "channel", "g32")
    for suffix in ("", "_asym")
]


@pytest.mark.parametrize(
    ("name", "low", "high", "levels"),
    [
        ("int8_channel", -127, 127, 255),
        ("int8_channel_asym", -128, 127, 256),
        ("int3_channel", -3, 3, 7),
        ("int3_channel_asym", -4, 3, 8),
        ("int2_channel", -1, 1, 3),
        ("int2_channel_asym", -2, 1, 4),
    ],
)
def test_every_level_of_the_grid_is_used(name: str, low: int, high: int, levels: int) -> None:
    number = Format.parse(name)
    codes = code_range(number)
    assert (codes.low, codes.high, codes.levels) == (low, high, levels)
    row = torch.linspace(low, high, 4_000).unsqueeze(0)
    found = to_codes(row, find_scale(row, number), number)
    assert sorted(set(found.flatten().tolist())) == list(range(low, high + 1))


def test_symmetric_by_hand() -> None:
    number = Format.parse("int4_channel")
    row = torch.tensor([[-3.5, 0.0, 0.3, 7.0]])
    scale = find_scale(row, number)
    assert scale.zero is None
    assert scale.scale.tolist() == [[1.0]]  # 7.0 / 7 codes above zero
    assert to_codes(row, scale, number).tolist() == [[-4, 0, 0, 7]]  # -3.5 is a tie and rounds to even


def test_asymmetric_by_hand() -> None:
    number = Format.parse("int2_channel_asym")
    row = torch.tensor([[-1.0, 0.0, 1.0, 2.0]])
    scale = find_scale(row, number)
    assert scale.scale.tolist() == [[1.0]]  # 3.0 / 3 steps between 4 levels
    assert scale.zero is not None
    assert scale.zero.tolist() == [[-1]]
    assert to_codes(row, scale, number).tolist() == [[-2, -1, 0, 1]]
    assert from_codes(to_codes(row, scale, number), scale, number).tolist() == row.tolist()


@pytest.mark.parametrize(
    ("row_length", "group_size", "groups"),
    [(36, 32, 2), (288, 32, 9), (288, 64, 5), (288, 128, 3), (416, 32, 13), (416, 64, 7), (416, 128, 4)],
)
def test_last_group_holds_the_remainder(row_length: int, group_size: int, groups: int) -> None:
    number = Format.parse(f"int4_g{group_size}_asym")
    weight = torch.randn(5, row_length) + 0.5
    scale = find_scale(weight, number)
    assert scale.scale.shape == (5, groups)
    remainder = row_length - (groups - 1) * group_size
    last = weight[:, -remainder:]
    alone = Format.parse("int4_channel_asym")
    expected = fake_quantize(last, find_scale(last, alone), alone)
    assert torch.equal(fake_quantize(weight, scale, number)[:, -remainder:], expected)


@pytest.mark.parametrize("name", ["int4_tensor", "int4_channel", "int4_g32"])
def test_grouping_is_undone(name: str) -> None:
    weight = torch.randn(6, 5, 7)
    assert torch.equal(ungrouped(grouped(weight, Format.parse(name)), weight.shape), weight)


def test_convolution_rows_are_output_channels() -> None:
    number = Format.parse("int8_channel")
    weight = torch.stack([torch.full((3, 5), 63.5), torch.full((3, 5), 127.0)])
    assert find_scale(weight, number).scale.tolist() == [[0.5], [1.0]]


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(FORMATS),
    rows=st.integers(1, 4),
    length=st.integers(1, 80),
    magnitude=st.floats(1e-3, 1e3),
    shift=st.floats(-2.0, 2.0),
    seed=st.integers(0, 2**31),
)
def test_error_is_at_most_half_a_step(
    name: str, rows: int, length: int, magnitude: float, shift: float, seed: int
) -> None:
    number = Format.parse(name)
    generator = torch.Generator().manual_seed(seed)
    weight = magnitude * (torch.randn(rows, length, generator=generator) + shift)
    scale = find_scale(weight, number)
    error = grouped((fake_quantize(weight, scale, number) - weight).abs(), number)
    half = scale.scale.float().unsqueeze(-1) / 2
    assert bool((error <= half * (1 + 1e-4) + 1e-6 * magnitude).all())


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(FORMATS), length=st.integers(1, 80), seed=st.integers(0, 2**31))
def test_codes_stay_in_range_and_round_trip(name: str, length: int, seed: int) -> None:
    number = Format.parse(name)
    weight = torch.randn(3, length, generator=torch.Generator().manual_seed(seed))
    scale = find_scale(weight, number)
    codes = to_codes(weight, scale, number)
    assert codes.shape == weight.shape
    assert int(codes.min()) >= code_range(number).low
    assert int(codes.max()) <= code_range(number).high
    numbers = from_codes(codes, scale, number)
    assert torch.equal(numbers, fake_quantize(weight, scale, number))
    assert torch.equal(to_codes(numbers, scale, number), codes)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-7, 1e4))
def test_scale_is_the_smallest_float16_that_spans_the_range(largest: float) -> None:
    number = Format.parse("int8_tensor")
    exact = torch.tensor(largest, dtype=torch.float32) / 127
    stored = find_scale(torch.tensor([[largest]]), number).scale.reshape(())
    below = torch.nextafter(stored, torch.tensor(0.0, dtype=torch.float16))
    assert float(stored) >= float(exact)
    assert float(below) < float(exact)


def test_zeros_stay_zeros() -> None:
    for name in ("int4_g32", "int4_g32_asym"):
        number = Format.parse(name)
        weight = torch.zeros(2, 40)
        assert torch.equal(fake_quantize(weight, find_scale(weight, number), number), weight)


def test_sixteen_bits_are_nearly_exact() -> None:
    weight = torch.randn(8, 64)
    number = Format.parse("int16_channel")
    found = fake_quantize(weight, find_scale(weight, number), number)
    assert float((found - weight).norm() / weight.norm()) < 5e-5


@pytest.mark.parametrize("name", ["int3_channel", "int3_g32_asym", "int2_channel_asym", "int4_tensor"])
def test_searched_range_has_less_error(name: str) -> None:
    number = Format.parse(name)
    weight = torch.randn(16, 96, generator=torch.Generator().manual_seed(3)) ** 3
    search = RangeSearch()

    def error(scale_search: RangeSearch | None) -> float:
        found = fake_quantize(weight, find_scale(weight, number, search=scale_search), number)
        return float((found - weight).abs().pow(search.norm).sum())

    assert error(search) < 0.98 * error(None)


def test_search_takes_the_best_share_by_brute_force() -> None:
    number = Format.parse("int3_channel")
    weight = torch.randn(1, 64, generator=torch.Generator().manual_seed(4)) ** 3
    shares = [1.0 - step / 100 for step in range(80)]
    clipped = [weight.abs().max() * share for share in shares]

    def error(scale: torch.Tensor) -> float:
        codes = (weight / scale).round().clamp(-3, 3)
        return float((codes * scale - weight).abs().pow(2.4).sum())

    found = find_scale(weight, number, search=RangeSearch()).scale.float()
    assert error(found) == pytest.approx(min(error(largest / 3) for largest in clipped), rel=5e-3)


@pytest.mark.parametrize("name", ["int3_channel_asym", "int4_g48"])
def test_rows_are_searched_alike_in_any_company(name: str) -> None:
    """A weight of several blocks comes out as its first and last rows do alone."""
    number = Format.parse(name)
    weight = torch.randn(3 * BLOCK_ELEMENTS // 80, 80, generator=torch.Generator().manual_seed(5)) ** 3
    assert len(row_blocks(grouped(weight, number))) > 2
    together = find_scale(weight, number, search=RangeSearch()).scale
    for row in (0, len(weight) // 2, len(weight) - 1):
        alone = find_scale(weight[row : row + 1], number, search=RangeSearch()).scale
        assert torch.equal(together[row : row + 1], alone)


def test_numbers_that_cannot_be_quantized() -> None:
    number = Format.parse("int8_channel")
    with pytest.raises(EdgeAsrError, match="NaN or infinite"):
        find_scale(torch.tensor([[1.0, float("nan")]]), number)
    with pytest.raises(EdgeAsrError, match="beyond float16"):
        find_scale(torch.tensor([[1.0, 1e8]]), number)
