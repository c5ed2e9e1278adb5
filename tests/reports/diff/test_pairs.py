"""Which estimates of two sets are compared."""

import pytest

from reports.diff.pairs import Selection, pairs, selected
from reports.diff.side import Combination, Side
from traces.errors import EdgeAsrError


def sides(*names: tuple[str, str, str]) -> tuple[Side, ...]:
    return tuple(Side(Combination(*name), (), 1.0, 1.0) for name in names)


def test_equal_names_meet() -> None:
    first = sides(("m", "float", "c"), ("m", "w8a8", "c"), ("m", "w4a8", "c"))
    second = sides(("m", "w8a8", "c"), ("m", "float", "c"))
    assert [(str(a.what), str(b.what)) for a, b in pairs(first, second)] == [
        ("m float on c", "m float on c"),
        ("m w8a8 on c", "m w8a8 on c"),
    ]


def test_single_estimates_meet_whatever_their_names() -> None:
    (pair,) = pairs(sides(("m", "float", "c")), sides(("n", "w8a8", "d")))
    assert pair[0].what.model == "m"
    assert pair[1].what.model == "n"


def test_nothing_in_common() -> None:
    with pytest.raises(EdgeAsrError, match="no model, recipe and chip in common"):
        pairs(sides(("m", "float", "c"), ("m", "w8a8", "c")), sides(("n", "float", "c")))


def test_selected_by_name() -> None:
    every = sides(("m", "float", "c"), ("m", "w8a8", "c"), ("n", "w8a8", "d"))
    assert len(selected(every, Selection())) == 3
    assert [side.what.model for side in selected(every, Selection(recipe="w8a8"))] == ["m", "n"]
    (one,) = selected(every, Selection(model="m", recipe="w8a8", chip="c"))
    assert one is every[1]
    with pytest.raises(EdgeAsrError, match=r"unknown recipe 'w8a9'; did you mean w8a8"):
        selected(every, Selection(recipe="w8a9"))
    with pytest.raises(EdgeAsrError, match="unknown chip 'd'"):
        selected(every, Selection(recipe="float", chip="d"))
