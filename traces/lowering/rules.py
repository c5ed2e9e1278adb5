"""The one table of rules: ATen op (or op of the library `edgeasr`) -> what it lowers to.

A rule takes the `Lowering` so far and a node, and returns what the node's readers read. Its docstring has the
op's formula. What it does not know it refuses with `Lowering.error`, which names op, module and shapes.
"""

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
