"""Rounding by columns against closed forms, exhaustive search and rounding to nearest."""

from itertools import product

import pytest
import torch
from torch import Tensor

from quant.gptq.columns import Rounded, Rounding, round_columns
from quant.quantizer import RangeSearch, code_range, find_scale, from_codes, to_codes
from tests.quant.gptq.problems import factor_for, output_error, weight_and_inputs
from traces.formats import Format

PLAIN = Rounding(block=128, static_groups=False, search=None)
FORMATS = ["int2_channel_asym", "int3_channel", "int4_g32_asym", "int3_g48", "int4_tensor", "int8_channel"]


def numbers(rounded: Rounded, number: Format) -> Tensor:
    return from_codes(rounded.codes, rounded.scale, number)


def nearest(weight: Tensor, number: Format) -> Tensor:
    scale = find_scale(weight, number)
    return from_codes(to_codes(weight, scale, number), scale, number)


@pytest.mark.parametrize("float_columns", [[0], [1, 4], [0, 2, 3, 5]])
@pytest.mark.parametrize("act_order", [False, True])
def test_what_is_left_is_the_least_squares_answer(float_columns: list[int], act_order: bool) -> None:
    """After any number of rounded columns the others are what least squares gives for their error."""
    number = Format.parse("int3_channel_asym")
    weight, inputs = weight_and_inputs(3, 4, 6)
    kept = torch.tensor(float_columns)
    rounded = round_columns(
        weight, number, factor=factor_for(inputs, act_order=act_order, float_columns=kept), how=PLAIN
    )
    others = torch.tensor([column for column in range(6) if column not in float_columns])
    error = inputs[:, others].double() @ (weight[:, others] - numbers(rounded, number)).double().T
    moved = torch.linalg.lstsq(inputs[:, kept].double(), error).solution.T
    assert torch.allclose(rounded.rest.double(), weight[:, kept].double() + moved, atol=1e-4)


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("name", ["int2_channel_asym", "int2_channel", "int3_channel_asym"])
def test_no_code_of_the_last_column_does_better(columns: int, name: str) -> None:
    number = Format.parse(name)
    codes = code_range(number)
    for seed in range(10):
        weight, inputs = weight_and_inputs(seed, 1, columns)
        factor = factor_for(inputs)
        rounded = round_columns(weight, number, factor=factor, how=PLAIN)
        last = int(factor.order[-1])
        best = output_error(weight - numbers(rounded, number), inputs)
        for code in range(codes.low, codes.high + 1):
            other = rounded.codes.clone()
            other[0, last] = code
            assert best <= output_error(weight - from_codes(other, rounded.scale, number), inputs) + 1e-4


def test_near_the_best_of_all_codes() -> None:
    """Exhaustive search over three 2-bit columns: rounding to nearest is 1.5 times as far off as it."""
    number = Format.parse("int2_channel_asym")
    codes = code_range(number)
    found, least, plain = 0.0, 0.0, 0.0
    for seed in range(40):
        weight, inputs = weight_and_inputs(seed, 1, 3)
        rounded = round_columns(weight, number, factor=factor_for(inputs), how=PLAIN)
        every = torch.tensor(list(product(range(codes.low, codes.high + 1), repeat=3)), dtype=torch.int8)
        all_numbers = torch.cat([from_codes(one.unsqueeze(0), rounded.scale, number) for one in every])
        least += float((inputs @ (weight - all_numbers).T).norm(dim=0).min())
        found += output_error(weight - numbers(rounded, number), inputs)
        plain += output_error(weight - nearest(weight, number), inputs)
    assert least <= found < 1.15 * least
    assert plain > 1.3 * least


@pytest.mark.parametrize("name", FORMATS)
def test_better_than_rounding_to_nearest(name: str) -> None:
    number = Format.parse(name)
    better, ratios = 0, []
    for seed in range(20):
        weight, inputs = weight_and_inputs(seed, 16, 80)
        rounded = round_columns(weight, number, factor=factor_for(inputs, damping=0.01), how=PLAIN)
        error = output_error(weight - numbers(rounded, number), inputs)
        ratios.append(error / output_error(weight - nearest(weight, number), inputs))
        better += ratios[-1] < 1.0
    assert better == 20
    assert sum(ratios) / 20 < 0.8


@pytest.mark.parametrize("name", FORMATS)
def test_independent_inputs_leave_nothing_to_make_up_for(name: str) -> None:
    """With a diagonal Hessian the order does not matter either: all is rounded to nearest."""
    number = Format.parse(name)
    weight, _ = weight_and_inputs(5, 12, 80)
    factor = factor_for(torch.diag(torch.rand(80) + 0.1))
    rounded = round_columns(weight, number, factor=factor, how=PLAIN)
    scale = find_scale(weight, number)
    assert torch.equal(rounded.codes, to_codes(weight, scale, number))
    assert torch.equal(rounded.scale.scale, scale.scale)


@pytest.mark.parametrize("name", ["int3_channel_asym", "int4_g32_asym", "int4_g64", "int3_g30"])
@pytest.mark.parametrize("act_order", [False, True])
@pytest.mark.parametrize("block", [1, 7, 48])
def test_blocks_are_only_a_matter_of_speed(name: str, act_order: bool, block: int) -> None:
    number = Format.parse(name)
    weight, inputs = weight_and_inputs(6, 8, 100)
    factor = factor_for(inputs, damping=0.01, act_order=act_order)
    whole = round_columns(weight, number, factor=factor, how=Rounding(1_000, False, None))
    parts = round_columns(weight, number, factor=factor, how=Rounding(block, False, None))
    assert float((whole.codes == parts.codes).float().mean()) > 0.99  # float32 sums in another order
    assert torch.allclose(whole.scale.scale.float(), parts.scale.scale.float(), rtol=0.05)


def test_groups_get_their_range_when_they_are_reached() -> None:
    number = Format.parse("int3_g16_asym")
    weight, inputs = weight_and_inputs(7, 8, 40)
    factor = factor_for(inputs, act_order=False)
    reached = round_columns(weight, number, factor=factor, how=PLAIN)
    static = round_columns(weight, number, factor=factor, how=Rounding(128, True, None))
    given = find_scale(weight, number).scale
    assert torch.equal(static.scale.scale, given)
    assert torch.equal(reached.scale.scale[:, 0], given[:, 0])
    assert not torch.equal(reached.scale.scale[:, 1:], given[:, 1:])
    # The last group (8 columns) holds what least squares makes of them once 32 columns are rounded.
    error = inputs[:, :32].double() @ (weight - numbers(reached, number))[:, :32].double().T
    moved = torch.linalg.lstsq(inputs[:, 32:].double(), error).solution.T
    last = find_scale((weight[:, 32:] + moved).float(), Format.parse("int3_channel_asym"))
    assert torch.allclose(reached.scale.scale[:, 2].float(), last.scale[:, 0].float(), rtol=2e-3)


def test_with_columns_out_of_order_groups_are_static() -> None:
    number = Format.parse("int3_g16_asym")
    weight, inputs = weight_and_inputs(8, 8, 40)
    rounded = round_columns(weight, number, factor=factor_for(inputs), how=PLAIN)
    assert torch.equal(rounded.scale.scale, find_scale(weight, number).scale)


def test_searched_ranges_are_used() -> None:
    number = Format.parse("int3_channel")
    weight, inputs = weight_and_inputs(9, 8, 64)
    rounded = round_columns(
        weight, number, factor=factor_for(inputs), how=Rounding(128, False, RangeSearch())
    )
    assert torch.equal(rounded.scale.scale, find_scale(weight, number, search=RangeSearch()).scale)


def test_float_columns_are_in_no_range() -> None:
    number = Format.parse("int4_g32")
    weight, inputs = weight_and_inputs(10, 8, 70)
    weight[:, [3, 50]] *= 100.0
    rounded = round_columns(
        weight, number, factor=factor_for(inputs, float_columns=torch.tensor([3, 50])), how=PLAIN
    )
    assert rounded.codes.shape == (8, 68)
    assert rounded.scale.scale.shape == (8, 3)
    assert float(rounded.scale.scale.max()) < 1.0
