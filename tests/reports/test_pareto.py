from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reports.pareto import pareto_front, spaced

coordinate = st.integers(min_value=0, max_value=6).map(float)


@given(st.lists(st.tuples(coordinate, coordinate), max_size=30))
def test_the_front_is_what_nothing_dominates(places: list[tuple[float, float]]) -> None:
    def dominated(place: tuple[float, float]) -> bool:
        return any(other[0] <= place[0] and other[1] <= place[1] and other != place for other in places)

    front = pareto_front([x for x, _ in places], [y for _, y in places])
    by_force = {place for place in places if not dominated(place)}
    assert {places[idx] for idx in front} == by_force
    assert len(front) == len(by_force)


@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=30))
def test_the_front_falls_as_it_rises(places: list[tuple[float, float]]) -> None:
    front = [places[idx] for idx in pareto_front([x for x, _ in places], [y for _, y in places])]
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(front))


def test_of_equal_choices_the_first_stands_for_all() -> None:
    assert pareto_front([1.0, 1.0], [2.0, 2.0]) == (0,)


def test_labels_keep_their_distance() -> None:
    assert spaced([1.0, 1.01, 10.0, 1.0], [1.0, 1.01, 1.0, 10.0], decades=0.1) == (0, 2, 3)
