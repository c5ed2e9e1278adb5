"""How many elementary vector steps one element of an op takes: the work of everything that is no product.

A step is one vector instruction per element with its operands on chip: a load-compute-store pass of a fused
kernel. Transcendentals are one step (a table or a dedicated instruction); chips that are slower at them say
so in their rates.
"""

from traces.errors import EdgeAsrError
from traces.graph import Op

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
    "div": 1,
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


def steps(function: str, *, op: Op) -> int:
    """Return the steps per element of a function.

    Raises:
        EdgeAsrError: if the function has no entry; the message names the op and its module.
    """
    if function not in STEPS:
        raise EdgeAsrError(
            f"op {op.name} of module '{op.module}': no vector-step count for '{function}'; "
            "add it to simulator/vector_steps.py"
        )
    return STEPS[function]
