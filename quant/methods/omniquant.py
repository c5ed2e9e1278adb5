"""OmniQuant: clipping and equivalent transformation learned block by block (arXiv 2308.13137)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.methods.seed import check_seed
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.blocks.block import Block
    from quant.methods.problem import BlockResult, Problem
    from quant.reconstruction.clipping import LearnableRange
    from quant.reconstruction.transform import Transform
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True)
class OmniquantConfig:
    """What is learned, and how; the paper's settings (section 4.1), one utterance at a time.

    `lwc` is learnable weight clipping: how much of its range each row or group keeps. `let` is learnable
    equivalent transformation: channel scales, which start as SmoothQuant's with `alpha`, and shifts. It acts
    on layers that round their input; the authors lower its rate to 1e-3 and raise alpha to 0.75 for w4a4.
    `epochs` are passes over the calibration data, twice as many where a layer of the block has 2 bits;
    `augmented_loss` compares to the float block on quantized inputs as well (their `aug_loss`).
    """

    lwc: bool = True
    let: bool = True
    epochs: int = 20
    lwc_learning_rate: float = 1e-2
    let_learning_rate: float = 5e-3
    alpha: float = 0.5
    augmented_loss: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed("omniquant", self.seed)
        if self.epochs < 1:
            raise EdgeAsrError(f"omniquant: epochs is {self.epochs}; write 1 or more")
        for name in ("lwc_learning_rate", "let_learning_rate"):
            if not getattr(self, name) > 0.0:
                raise EdgeAsrError(f"omniquant: {name} is {getattr(self, name)}; write a positive number")
        if not 0.0 <= self.alpha <= 1.0:
            raise EdgeAsrError(f"omniquant: alpha is {self.alpha}; write a share from 0 to 1")


def omniquant(problem: "Problem", config: OmniquantConfig) -> "Mapping[str, QuantizedWeight]":
    """Return all planned weights, those of the blocks with learned ranges, and set what was transformed.

    What lies outside the blocks (front end, lookups, head) is as an earlier step left it, or rounded to
    nearest. So is a block in which nothing can be learned: all weights above 8 bits, all activations float.

    Raises:
        EdgeAsrError: there is no calibration data, the loss of a block (named) is not finite, or an earlier
            step kept columns of a weight as floats.
    """
    from quant.blocks.walk import walk

    return walk(problem, lambda block: learn_block(block, problem.findings.weights, config))


def learn_block(
    block: "Block", found: "Mapping[str, QuantizedWeight]", config: OmniquantConfig
) -> "BlockResult":
    """Return a block's weights, rounded from the ranges of those `found` earlier on, and its parameters."""
    from quant.methods.problem import BlockResult
    from quant.reconstruction.clipping import LearnableRange
    from quant.reconstruction.start import starting_weight
    from quant.reconstruction.transform import Transform

    ranges = {
        layer.module: LearnableRange(
            block.weight(layer),
            layer.weight,
            starting_weight(block, layer, found, method="omniquant").scale,
            is_learned=config.lwc and layer.weight.bits <= 8,
        )
        for layer in block.layers
    }
    rounds_inputs = any(not layer.activation.is_float for layer in block.layers)
    transform = Transform(block, alpha=config.alpha) if config.let and rounds_inputs else None
    _learn_(block, ranges, transform, config)
    changed = {} if transform is None else transform.parameters()
    weights = {
        layer.module: ranges[layer.module].rounded(changed.get(f"{layer.module}.weight", block.weight(layer)))
        for layer in block.layers
    }
    scales = {} if transform is None else transform.channel_scales()
    return BlockResult(weights, parameters=changed, channel_scales=scales)


def _learn_(
    block: "Block",
    ranges: "Mapping[str, LearnableRange]",
    transform: "Transform | None",
    config: OmniquantConfig,
) -> None:
    """Learn the ranges and the transform of a block together."""
    import torch

    from quant.blocks.block import quantized_inputs
    from quant.reconstruction.objective import Objective, descend_

    clipping = [each for found in ranges.values() for each in found.learned()]
    transforming = [] if transform is None else transform.learned()
    if not clipping and not transforming:
        return
    groups = [
        {"params": clipping, "lr": config.lwc_learning_rate},
        {"params": transforming, "lr": config.let_learning_rate},
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=0.0)
    objective = Objective(block, seed=config.seed, augmented=config.augmented_loss)
    fewest_bits = min(layer.weight.bits for layer in block.layers)
    with quantized_inputs(block), torch.enable_grad():
        for _ in range(2 * config.epochs if fewest_bits == 2 else config.epochs):
            for index in objective.shuffled():
                parameters = {} if transform is None else transform.parameters()
                for layer in block.layers:
                    name = f"{layer.module}.weight"
                    weight = parameters.get(name, block.weight(layer))
                    parameters[name] = ranges[layer.module].weight(weight)
                descend_(optimizer, objective(parameters, (index,)), method="omniquant", block=block.name)
