import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hwmodels.distinct import distinct_rows

numbers = st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, 384.0, 1e300])


@given(st.lists(st.tuples(numbers, numbers, numbers), max_size=40))
def test_rows_are_told_apart_as_by_comparing_them(rows: list[tuple[float, float, float]]) -> None:
    columns = np.array(rows).reshape(-1, 3).T
    first, place = distinct_rows(columns)
    assert len(first) == len(set(rows))
    assert sorted(first) == list(first)
    assert [rows[first[at]] for at in place] == rows
