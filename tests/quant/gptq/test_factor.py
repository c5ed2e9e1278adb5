import pytest
import torch

from quant.gptq.factor import factor_of
from quant.gptq.hessian import CHUNK, Hessian
from tests.quant.gptq.problems import factor_for, hessian_of, weight_and_inputs
from traces.errors import EdgeAsrError


def test_a_hessian_is_the_sum_over_tokens_however_they_come() -> None:
    _, inputs = weight_and_inputs(0, 1, 6, tokens=CHUNK + 100)
    hessian = Hessian(6)
    for start in range(0, len(inputs), 1_000):
        hessian.add_(inputs[start : start + 1_000])
    expected = inputs.double().T @ inputs.double()
    assert hessian.n_tokens == CHUNK + 100
    assert torch.allclose(hessian.total(), expected, rtol=1e-5, atol=1e-2)
    assert torch.allclose(hessian_of(inputs).total(), expected, rtol=1e-5, atol=1e-2)


def test_many_large_tokens_do_not_swamp_a_small_one() -> None:
    """In float32 2^38 + 1 is 2^38."""
    hessian = Hessian(1)
    hessian.add_(torch.full((CHUNK, 1), 2.0**13))
    hessian.add_(torch.ones(1, 1))
    assert float(hessian.total()) == CHUNK * 2.0**26 + 1


def test_upper_is_a_factor_of_the_damped_inverse() -> None:
    _, inputs = weight_and_inputs(1, 1, 20)
    factor = factor_for(inputs, damping=0.01)
    h = hessian_of(inputs).total()[factor.order][:, factor.order]
    h += 0.01 * h.diagonal().mean() * torch.eye(20)
    upper = factor.upper.double()
    assert torch.equal(upper, upper.triu())
    assert torch.allclose(upper.T @ upper @ h, torch.eye(20, dtype=torch.float64), atol=1e-4)


def test_large_inputs_go_first_and_float_columns_last() -> None:
    inputs = torch.diag(torch.tensor([1.0, 5.0, 2.0, 4.0, 3.0]))
    assert factor_for(inputs).order.tolist() == [1, 3, 4, 2, 0]
    assert factor_for(inputs, act_order=False).order.tolist() == [0, 1, 2, 3, 4]
    kept = torch.tensor([1, 2])
    assert factor_for(inputs, float_columns=kept).order.tolist() == [3, 4, 0, 1, 2]
    natural = factor_for(inputs, act_order=False, float_columns=kept)
    assert (natural.order.tolist(), natural.n_float) == ([0, 3, 4, 1, 2], 2)


def test_an_input_that_is_always_zero_moves_nothing() -> None:
    _, inputs = weight_and_inputs(2, 1, 6)
    inputs[:, 3] = 0.0
    factor = factor_for(inputs)
    place = factor.order.tolist().index(3)
    assert factor.damping == 0.0
    assert int((factor.upper[place] != 0).sum()) == int((factor.upper[:, place] != 0).sum()) == 1


def test_all_inputs_zero() -> None:
    assert torch.equal(factor_for(torch.zeros(4, 3)).upper, torch.eye(3))


def test_what_has_no_factor_is_damped_until_it_has() -> None:
    hessian = Hessian(2)
    hessian.total().add_(torch.tensor([[1.0, 3.0], [3.0, 1.0]]))  # eigenvalues 4 and -2
    factor = factor_of(hessian, damping=0.01, act_order=False)
    assert factor.damping == pytest.approx(10.0)
    singular = factor_for(torch.ones(8, 3))
    assert 0.0 < singular.damping <= 1e-5


def test_sums_that_are_not_finite() -> None:
    hessian = Hessian(2)
    hessian.total().fill_(float("nan"))
    with pytest.raises(EdgeAsrError, match="a Hessian of 2 inputs is not positive definite with a damping"):
        factor_of(hessian, damping=0.01, act_order=True)
