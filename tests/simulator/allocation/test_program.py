"""The program's optimum is brute force's, its relaxation is a path's, and time that is over is told apart."""

import numpy as np
import pytest

from simulator.allocation.chain import chain, cheapest_through
from simulator.allocation.program import Answer, prices, program, solve
from simulator.allocation.scaled import Scaled, scaled
from tests.simulator.allocation.small import brute_force, choices, damage_of


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_program_finds_the_optimum(seed: int) -> None:
    problem = choices(seed)
    given = scaled(problem)
    found = solve(program(given, given.possible), time_limit_s=60.0)
    assert found is not None
    assert damage_of(problem, found.formats) == pytest.approx(brute_force(problem))
    assert found.value == pytest.approx(damage_of(problem, found.formats) / problem.damage.mean())
    assert found.gap == pytest.approx(0.0, abs=1e-9)


def many_codes(seed: int) -> Scaled:
    """Three ways of computing per layer, conversions counted in the one budget."""
    rng = np.random.default_rng(seed)
    return Scaled(
        names=("latency",),
        damage=rng.uniform(0.0, 1.0, (6, 3)),
        use=rng.uniform(100.0, 200.0, (1, 6, 3)),
        change=rng.uniform(0.0, 50.0, (1, 5)),
        room=np.array([900.0]),
        limit=np.array([1000.0]),
        codes=np.tile([0, 1, 2], (6, 1)),
    )


@pytest.mark.parametrize("seed", range(5))
def test_prices_make_the_cheapest_path_as_high_as_the_relaxed_program(seed: int) -> None:
    given = many_codes(seed)
    everything = np.ones((6, 3), dtype=bool)
    worth = prices(program(given, everything), 1)
    assert worth is not None
    at_best = cheapest_through(chain(given, worth, open_=everything)).min()
    for factor in (0.0, 0.8, 1.25):
        assert cheapest_through(chain(given, factor * worth, open_=everything)).min() <= at_best + 1e-9
    found = solve(program(given, everything), time_limit_s=60.0)
    assert found is not None
    assert at_best <= found.value + 1e-9


def test_nothing_has_a_price_where_nothing_fits() -> None:
    given = scaled(choices(3, share=0.1))
    everything = np.isfinite(given.damage)
    assert prices(program(given, everything), 2) is None
    assert solve(program(given, everything), time_limit_s=60.0) is None


def test_time_that_is_over_is_no_answer() -> None:
    given = scaled(choices(1))
    with pytest.raises(TimeoutError):
        solve(program(given, given.possible), time_limit_s=0.0)


def test_a_gap_is_a_share_of_the_value() -> None:
    formats = np.zeros(1, dtype=np.int64)
    assert Answer(formats, 4.0, 3.0).gap == 0.25
    assert Answer(formats, 0.0, 0.0).gap == 0.0
