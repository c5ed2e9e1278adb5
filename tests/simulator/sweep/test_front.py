import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwmodels.op_table import Floats
from simulator.sweep.front import NONE, dominators, on_front


def beats(one: Floats, other: Floats) -> bool:
    return bool((one <= other).all() and (one < other).any())


@given(arrays(np.float64, st.tuples(st.integers(0, 30), st.integers(1, 4)), elements=st.integers(0, 4)))
def test_the_front_is_what_brute_force_finds(objectives: Floats) -> None:
    everyone = np.ones(len(objectives), dtype=bool)
    found = dominators(objectives, everyone)
    front = on_front(objectives, everyone, dominated_by=found)
    for idx, point in enumerate(objectives):
        beaten = any(beats(other, point) for other in objectives)
        repeated = any((other == point).all() for other in objectives[:idx])
        assert front[idx] == (not beaten and not repeated)
        if not front[idx]:
            assert front[found[idx]]
            assert (objectives[found[idx]] <= point).all()


def test_what_takes_no_part_is_neither_on_the_front_nor_beaten() -> None:
    objectives = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [3.0, 3.0], [0.5, np.nan]])
    takes_part = np.array([False, True, True, True, True])
    found = dominators(objectives, takes_part)
    assert found.tolist() == [NONE, NONE, NONE, 1, NONE]
    assert on_front(objectives, takes_part, dominated_by=found).tolist() == [False, True, True, False, False]
