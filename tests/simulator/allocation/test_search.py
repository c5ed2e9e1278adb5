"""The search over ceilings ends at the whole program's optimum, and says how near it is when stopped."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.allocation import search
from simulator.allocation.choices import Bools
from simulator.allocation.program import Answer, Program, program, solve
from simulator.allocation.scaled import Scaled, scaled
from simulator.allocation.search import least_damage
from tests.simulator.allocation.small import choices

N_LAYERS, N_FORMATS = 40, 4


def long(seed: int, *, share: float) -> Scaled:
    """More layers than brute force could try; two ways of computing; two budgets and one peak."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 1.0, (N_LAYERS, 1))
    stored = size * np.array([1.0, 1.0, 0.5, 0.5])
    took = size * np.array([1.5, 1.0, 1.5, 1.05]) * rng.uniform(0.9, 1.1, (N_LAYERS, N_FORMATS))
    peak = 0.01 * stored
    peak[3] += took[3]
    use = np.stack([stored, took, peak])
    least, most = use.min(axis=2).sum(axis=1), use.max(axis=2).sum(axis=1)
    limit = least + share * (most - least)
    damage = np.cumsum(rng.lognormal(0.0, 1.0, (N_LAYERS, N_FORMATS)), axis=1)
    change = np.zeros((3, N_LAYERS - 1))
    change[1] = rng.uniform(0.0, 0.2, N_LAYERS - 1)
    scale = 1e3 / limit
    return Scaled(
        names=("bytes", "latency", "memory"),
        damage=damage / damage.mean(),
        use=use * scale[:, None, None],
        change=change * scale[:, None],
        room=limit * scale,
        limit=limit * scale,
        codes=np.tile([0, 1, 0, 1], (N_LAYERS, 1)),
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5, 0.8]))
def test_the_optimum_is_that_of_the_whole_program(seed: int, share: float) -> None:
    given_ = long(seed, share=share)
    whole = solve(program(given_, np.isfinite(given_.damage)), time_limit_s=60.0)
    found = least_damage(given_, time_limit_s=60.0)
    assert whole is not None
    assert found is not None
    damage = given_.damage[np.arange(N_LAYERS), found.formats].sum()
    assert damage == pytest.approx(whole.value, rel=1e-6)
    assert found.gap <= 1e-7


def test_only_some_of_the_formats_reach_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def noted(given_: Scaled, open_: Bools) -> Program:
        seen.append(int(open_.sum()))
        return program(given_, open_)

    monkeypatch.setattr(search, "program", noted)
    assert least_damage(long(1, share=0.5), time_limit_s=60.0) is not None
    assert seen[0] >= 0.9 * N_LAYERS * N_FORMATS  # for the prices
    assert max(seen[1:]) < 0.5 * N_LAYERS * N_FORMATS


def test_an_answer_that_ran_out_of_time_says_how_far_it_may_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(of: Program, *, time_limit_s: float) -> Answer | None:
        found = solve(of, time_limit_s=time_limit_s)
        return None if found is None else replace(found, bound=0.9 * found.value)

    monkeypatch.setattr(search, "solve", stopped)
    found = least_damage(long(1, share=0.5), time_limit_s=60.0)
    assert found is not None
    assert found.gap == pytest.approx(0.1)


def test_a_known_choice_is_kept_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False])

    def worse(of: Program, *, time_limit_s: float) -> Answer | None:
        if not next(answers):
            raise TimeoutError
        found = solve(of, time_limit_s=time_limit_s)
        return None if found is None else replace(found, value=2.0 * found.value, bound=2.0 * found.value)

    monkeypatch.setattr(search, "solve", worse)
    found = least_damage(long(1, share=0.5), time_limit_s=60.0)
    assert found is not None
    assert 0.49 < found.gap < 0.51


def test_whole_formats_that_fit_nowhere_though_parts_would() -> None:
    given_ = scaled(choices(1))
    use = np.zeros_like(given_.use[:1])
    use[0] = np.array([0.0, 2.0, 2.0])
    parts = replace(  # at least 5 of uses 0 and 2, at most 5 of them: 4 or 6, but never 5
        given_,
        names=("least", "most"),
        use=np.concatenate([-use, use]),
        change=np.zeros((2, 4)),
        room=np.array([-5.0, 5.0]),
        limit=np.array([1e3, 1e3]),
    )
    assert least_damage(parts, time_limit_s=60.0) is None
