import pytest
import torch

from quant.moments import moments_of


def test_kurtosis_of_known_numbers() -> None:
    found = moments_of(torch.tensor([-1.0, 1.0]))
    assert found.kurtosis == pytest.approx(1.0)  # two equal points: the least there is
    assert found.absmax == 1.0
    assert moments_of(torch.tensor([0.0] * 9 + [-10.0])).kurtosis == pytest.approx(
        0.9**3 / 0.09 + 0.1**3 / 0.09
    )


def test_a_normal_distribution_has_three_wherever_it_lies() -> None:
    x = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    for shift in (0.0, 30.0):
        assert moments_of(5 * x + shift).kurtosis == pytest.approx(3.0, abs=0.05)


def test_parts_add_up_to_the_whole() -> None:
    x = torch.randn(10, 7, generator=torch.Generator().manual_seed(0)) ** 3 + 1.0
    parts, whole = moments_of(x[:4]) + moments_of(x[4:]), moments_of(x)
    assert parts.kurtosis == pytest.approx(whole.kurtosis)
    assert (parts.count, parts.absmax) == (whole.count, whole.absmax)


def test_numbers_that_do_not_vary_have_no_kurtosis() -> None:
    assert moments_of(torch.full((1000,), 0.1)).kurtosis is None
    assert moments_of(torch.zeros(3)).kurtosis is None
