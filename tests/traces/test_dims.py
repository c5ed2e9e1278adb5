"""Extents from untrusted files: what cannot be one is refused in one line."""

import numpy as np
import pytest

from traces.dims import Dim
from traces.errors import EdgeAsrError


def test_expressions_broadcast_over_arrays() -> None:
    extent = Dim.of("(audio_samples - 127)//64 + 1")
    assert extent.at({"audio_samples": np.array([127, 191, 255])}).tolist() == [1, 2, 3]
    assert Dim.of("3*4 + 2").constant == 14


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9//0", "divides by zero"),
        ("-" * 1900 + "1", "nests too deep|is no integer expression"),
        ("99999999999999999999*9 + n", "too large"),
        ("__import__('os')", "calls something other than min and max"),
        ("n" * 2001, "at most 2000 are accepted"),
        ("2.5*n", "is no integer expression"),
    ],
)
def test_texts_that_are_no_extents(text: str, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        Dim.of(text).at({"n": 1})


def test_a_symbol_that_comes_to_zero_divides_nothing() -> None:
    with pytest.raises(EdgeAsrError, match="extent '9 // n' divides by zero"):
        Dim.of("9//n").at({"n": np.array([3, 0])})
