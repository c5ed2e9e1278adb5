"""How many elementary vector steps one element of an op takes: the work of everything that is no product.

A step is one vector instruction per element with its operands on chip: a load-compute-store pass of a fused
kernel. Transcendentals are one step (a table or a dedicated instruction); chips that are slower at them say
so in their rates.
"""

from quant.rotations.orders import hadamard_order
from traces.errors import EdgeAsrError
from traces.graph import Op, Rows

STEPS = {
    # Normalisations: mean, variance, normalise, scale and shift.
    "layer_norm": 4,
    "group_norm": 4,
    "batch_norm": 1,  # folded to scale and shift at inference
    "rms_norm": 3,  # no mean
    # maximum, exponential of the difference, sum, division
    "softmax": 4,
    # Activation functions: a table look-up or one instruction sequence on the vector unit.
    "relu": 1,
    "relu6": 1,
    "hardtanh": 1,
    "gelu": 2,  # a table and an interpolation
    "silu": 2,
    "sigmoid": 1,
    "tanh": 1,
    "asinh": 1,
    "hardswish": 1,
    "hardsigmoid": 1,
    "softplus": 2,
    "exp": 1,
    "sin": 1,
    "cos": 1,
    # Rotary embedding of the rotated part: two products and a sum per element.
    "rotary": 3,
    # Power spectrum of one bin: two squares and a sum.
    "power": 3,
    # Elementwise arithmetic.
    "add": 1,
    "sub": 1,
    "mul": 1,
    "div": 8,  # an estimate of the reciprocal, two Newton steps and a product
    "neg": 1,
    "sqrt": 1,
    "rsqrt": 1,
    "pow": 1,
    "log": 1,
    "clamp": 1,
    "maximum": 1,
    "where": 1,
    "mask": 1,
    "scale": 1,
    "bias": 1,
    "residual": 1,
    "split_columns": 1,  # each element goes to one of two places
    "mean": 1,
    "max": 1,
    "sum": 1,
    "max_pool": 1,
    "avg_pool": 1,
    # Resizing: four neighbours weighted and added, or one copied.
    "upsample_bilinear": 4,
    "upsample_nearest": 1,
}
"""Steps per element the op walks (`Rows`), by `Op.function` or `Epilogue.function`."""
POOLINGS = frozenset({"avg_pool", "max_pool"})
"""Functions whose `Rows` are their results, but which walk what they read."""


def steps(function: str, *, op: Op) -> int:
    """Return the steps per element of a function; those of a Hadamard transform depend on its length.

    Raises:
        EdgeAsrError: if the function has no entry; the message names the op and its module.
    """
    if function == "hadamard":
        return _hadamard_steps(op)
    if function not in STEPS:
        raise EdgeAsrError(
            f"op {op.name} of module '{op.module}': no vector-step count for '{function}'; "
            "add it to simulator/vector_steps.py"
        )
    return STEPS[function]


def _hadamard_steps(op: Op) -> int:
    """Rows of n = 2^k * c: k butterflies of one addition each, c of the core (none if c is 1), one scaling.

    640 = 2^5 * 20 takes 5 + 20 + 1 = 26 steps per element, 512 = 2^9 takes 10.
    """
    length = op.extents.row_length.constant if isinstance(op.extents, Rows) else None
    order = None if length is None else hadamard_order(length)
    if order is None:
        raise EdgeAsrError(
            f"op {op.name} of module '{op.module}': no Hadamard transform has rows of {length}"
        )
    return order.steps
