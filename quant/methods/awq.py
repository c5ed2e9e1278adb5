"""AWQ: activation-aware weight quantization, by channel scales and clipped ranges (arXiv 2306.00978)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.blocks.block import Block
    from quant.methods.problem import BlockResult, Problem
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True)
class AwqConfig:
    """What is searched, and how finely; the defaults are those of the reference code (mit-han-lab/llm-awq).

    `scale` and `clip` switch the two searches. `ratios` is the grid of exponents of the channel scales;
    `clip_steps` that of the ranges, of which `max_shrink` is left out. `tokens` bounds what the scale search
    runs at every ratio, to keep its time down: a quarter of the paper's 128 x 512. Means and the clip search
    take in all calibration tokens.
    """

    scale: bool = True
    clip: bool = True
    ratios: int = 20
    clip_steps: int = 20
    max_shrink: float = 0.5
    tokens: int = 16_384

    def __post_init__(self) -> None:
        for name in ("ratios", "clip_steps", "tokens"):
            if getattr(self, name) < 1:
                raise EdgeAsrError(f"awq: {name} is {getattr(self, name)}; write 1 or more")
        if not 0.0 < self.max_shrink < 1.0:
            raise EdgeAsrError(f"awq: max_shrink is {self.max_shrink}; write a share between 0 and 1")


def awq(problem: "Problem", config: AwqConfig) -> Mapping[str, "QuantizedWeight"]:
    """Scale channels, then clip and round, block by block; layers outside the blocks are rounded to nearest.

    The scales are found on the float network in a walk of their own: cross-attention values can then be
    scaled for the sake of their output projection, in whose block they would be rounded already. Ranges are
    found on what the quantized network gives, as each layer is going to see it.
    """
    from quant.awq.scales import search_scales
    from quant.blocks.walk import walk

    if config.scale:
        search = partial(search_scales, ratios=config.ratios, tokens=config.tokens)
        walk(replace(problem, step=f"{problem.step}-scales"), search, quantized=False)
    return walk(replace(problem, step=f"{problem.step}-ranges"), partial(_round, config=config))


def _round(block: "Block", config: AwqConfig) -> "BlockResult":
    """Round the layers of a block with clipped ranges, queries and keys with their extremes.

    How much clipping these two hurts shows in their product, not in their own outputs (the reference code).
    """
    from quant.awq.clipping import clipped_scale
    from quant.blocks.block import observe, quantized_inputs
    from quant.gptq.hessian import Hessian
    from quant.methods.problem import BlockResult
    from quant.quantizer import to_codes
    from quant.weights import QuantizedWeight, round_weight

    clipped = tuple(
        layer.module
        for layer in block.layers
        if config.clip and not layer.module.endswith(("q_proj", "k_proj"))
    )
    moments = {name: Hessian(block.module(name).get_parameter("weight").shape[1]) for name in clipped}
    if clipped:
        with quantized_inputs(block):
            observe(block, clipped, see=lambda name, x: moments[name].add_(x), student=True)
    rounded: dict[str, QuantizedWeight] = {}
    for layer in block.layers:
        weight = block.weight(layer)
        if layer.module in moments:
            scale = clipped_scale(
                weight,
                layer.weight,
                moment=moments[layer.module].total(),
                steps=config.clip_steps,
                max_shrink=config.max_shrink,
            )
            rounded[layer.module] = QuantizedWeight(
                to_codes(weight, scale, layer.weight), scale, layer.weight
            )
        else:
            rounded[layer.module] = round_weight(weight, layer.weight, module=layer.module)
    return BlockResult(rounded)
