"""The one table of rules: ATen op (or op of the library `edgeasr`) -> what it lowers to."""

from traces.lowering import (
    attention,
    cache,
    convolutions,
    elementwise,
    gather,
    layout,
    norms,
    products,
    quantized,
)
from traces.lowering.context import Rules

RULES: Rules = {
    **products.RULES,
    **convolutions.RULES,
    **attention.RULES,
    **norms.RULES,
    **elementwise.RULES,
    **gather.RULES,
    **cache.RULES,
    **layout.RULES,
    **quantized.RULES,
}
"""Keys are `str(node.target)`."""
