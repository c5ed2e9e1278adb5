"""What an output stage that scales, adds and clamps leaves of a product's epilogues."""

import pytest

from simulator.epilogues import function_steps
from tests.simulator.graphs import matmul, op
from traces.formats import FLOAT16
from traces.graph import Epilogue, OpKind


def left(*epilogues: tuple[str, str | None]) -> int:
    """Return the steps left of epilogues given as function and operand: `w` is constant, `x` as large."""
    product = op(
        "fc", OpKind.WEIGHT_PRODUCT, "linear", matmul(10, 32, 64), {"h": FLOAT16, "w1": FLOAT16}, "u",
        tuple(Epilogue(*each) for each in epilogues),
    )  # fmt: skip
    return function_steps(product, constant={"w"}, as_large={"x"})


@pytest.mark.parametrize(
    ("epilogues", "expected"),
    [
        ((), 0),
        ((("bias", None), ("relu", None)), 0),
        ((("bias", None), ("mul", "w"), ("add", "w"), ("relu6", None)), 0),  # a batch norm folds
        ((("bias", None), ("residual", "x"), ("relu", None)), 0),  # whoever adds x counts it
        ((("bias", None), ("gelu", None)), 2),
        ((("silu", None), ("mul", "x")), 2),
        ((("residual", "x"), ("mul", "w"), ("add", "w")), 2),  # too late to fold
        ((("relu", None), ("scale", None)), 1),
        ((("scale", None), ("mask", "m")), 1),  # one mask for all heads is no constant of the product
    ],
)
def test_what_is_left(epilogues: tuple[tuple[str, str | None], ...], expected: int) -> None:
    assert left(*epilogues) == expected
