import pytest
import torch

from quant.quantizer import code_range, step_of_largest
from quant.steps import FEW, steps_of_largest
from traces.formats import Format

ONE_STEP_UP = 1.0 + 2.0**-10
"""The next float16 of a power of two is so much larger."""


def one_by_one(largest: torch.Tensor, number: Format) -> torch.Tensor:
    """The steps of many magnitudes, found as those of few."""
    return torch.cat([steps_of_largest(few, number) for few in torch.split(largest, FEW)])


@pytest.mark.parametrize("bits", range(2, 17))
def test_every_step_is_that_of_the_definition_on_both_sides_of_its_reach(bits: int) -> None:
    number = Format("int", bits)
    steps = torch.arange(1, 0x7C00, dtype=torch.int16).view(torch.float16).double()
    reach = (steps * code_range(number).high).float()  # may be off by a unit in the last place
    below, above = reach.nextafter(torch.tensor(0.0)), reach.nextafter(torch.tensor(torch.inf))
    near = torch.cat([below.nextafter(torch.tensor(0.0)), below, reach, above])
    assert torch.equal(one_by_one(near, number), step_of_largest(near, number))


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_any_magnitude_has_the_step_of_the_definition(bits: int) -> None:
    number, generator = Format("int", bits), torch.Generator().manual_seed(bits)
    exponent = torch.randint(-149, 128, (20_000,), generator=generator)
    largest = torch.rand(20_000, generator=generator) * 2.0**exponent
    assert torch.equal(one_by_one(largest, number), step_of_largest(largest, number))


def test_a_power_of_two_is_a_step_and_what_lies_above_takes_the_next() -> None:
    found = steps_of_largest(torch.tensor([7.0, 7.0001, 0.0]), Format("int", 4))
    assert found.tolist() == [1.0, ONE_STEP_UP, 2.0**-24]


def test_what_is_too_large_is_infinite_and_nothing_is_no_step() -> None:
    found = steps_of_largest(torch.tensor([3.0e38, torch.inf, torch.nan]), Format("int", 8))
    assert bool(found[:2].isposinf().all())
    assert bool(found[2].isnan())


def test_rows_may_lie_anywhere() -> None:
    largest = torch.rand(3, 1, 8).transpose(1, 2)
    number = Format("int", 8)
    assert torch.equal(steps_of_largest(largest[:, ::2], number), step_of_largest(largest[:, ::2], number))
    assert steps_of_largest(largest, number).shape == (3, 8, 1)
