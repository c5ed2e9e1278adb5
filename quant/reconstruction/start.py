"""Where learning starts: what an earlier step of the recipe made of a weight, or rounding to nearest."""

from collections.abc import Mapping

from quant.blocks.block import Block
from quant.plan import PlannedLayer
from quant.quantizer import RangeSearch
from quant.weights import QuantizedWeight, round_weight
from traces.errors import EdgeAsrError


def starting_weight(
    block: Block,
    layer: PlannedLayer,
    found: Mapping[str, QuantizedWeight],
    *,
    method: str,
    search: RangeSearch | None = None,
) -> QuantizedWeight:
    """Return a layer as an earlier step rounded it, if `found` has it, or to nearest on its range.

    The range is that of the extremes, or of the `search`.

    Raises:
        EdgeAsrError: if that step kept columns of the weight as floats, which would be lost; or, naming the
            module, if the weight is not finite or too large.
    """
    earlier = found.get(layer.module)
    if earlier is None:
        return round_weight(block.weight(layer), layer.weight, module=layer.module, search=search)
    if earlier.float_columns is not None:
        raise EdgeAsrError(
            f"{method} rounds whole weights, but an earlier step kept {len(earlier.float_columns.columns)} "
            f"columns of '{layer.module}' as floats; leave one of the two out of the recipe"
        )
    return earlier
