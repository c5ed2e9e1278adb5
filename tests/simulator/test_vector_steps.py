import pytest

from simulator.vector_steps import steps
from tests.simulator.graphs import op, rows
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Op, OpKind


def transform(length: int | str) -> Op:
    return op("h", OpKind.ELEMENTWISE, "hadamard", rows(10, length), {"x": FLOAT16}, "y")


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (64, 6 + 1),  # 2^6: six butterflies and the scaling
        (1536, 7 + 12 + 1),  # 2^7 * 12
        (640, 5 + 20 + 1),  # 2^5 * 20
        (1152, 5 + 36 + 1),  # 2^5 * 36
        (52, 52 + 1),  # a core alone
    ],
)
def test_a_hadamard_transform_takes_its_butterflies_its_core_and_a_scaling(
    length: int, expected: int
) -> None:
    assert steps("hadamard", op=transform(length)) == expected


@pytest.mark.parametrize("length", [18, "past_tokens"])
def test_rows_that_have_no_transform(length: int | str) -> None:
    with pytest.raises(EdgeAsrError, match=r"op h of module 'net.h': no Hadamard transform has rows of"):
        steps("hadamard", op=transform(length))


def test_a_function_without_steps() -> None:
    with pytest.raises(EdgeAsrError, match="no vector-step count for 'sort'"):
        steps("sort", op=transform(64))
