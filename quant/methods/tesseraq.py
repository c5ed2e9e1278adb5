"""TesseraQ: rounding learned block by block, on ranges that an earlier method found (arXiv 2410.19103)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.methods.seed import check_seed
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.blocks.block import Block
    from quant.methods.problem import BlockResult, Problem
    from quant.reconstruction.rounding import SoftRounding
    from quant.weights import QuantizedWeight

SOFT_SHARES_LOW = (0.8, 0.65, 0.5, 0.43, 0.38, 0.34, 0.3, 0.27, 0.24, 0.21, 0.18, 0.15, 0.12, 0.1, 0.08, 0.06,
                   0.04, 0.02, 0.01, 0.005)  # fmt: skip
"""Share of weights still soft in each stage at 2 and 3 bits: the authors' configurations for w2 and w3."""

SOFT_SHARES_HIGH = (0.75, 0.5, 0.375, 0.25, 0.125, 0.09, 0.06, 0.04, 0.02, 0.005)
"""The same from 4 bits on: LLMC's configuration for w4."""


@dataclass(frozen=True, slots=True)
class TesseraqConfig:
    """How rounding is learned; the authors' settings for 2 and 3 bits (section 4.1).

    `iterations` are those of one stage, of which there are 20 at 2 and 3 bits and 10 above. Fewer of them
    want a higher `learning_rate`: a rounding variable moves by about that much in one. `learn_scale` is the
    dequantization factor. A recipe runs awq or omniquant before, whose scales and zero points are kept;
    without one they come from the range of least rounding error (`rtn` with range `mse`). gptq may run in
    between: then its scales are kept, and learning starts halfway from the weights to its codes.
    """

    iterations: int = 250
    learning_rate: float = 1e-3
    batch_size: int = 4
    learn_scale: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed("tesseraq", self.seed)
        if self.iterations < 1:
            raise EdgeAsrError(f"tesseraq: iterations is {self.iterations}; write 1 or more")
        if not self.learning_rate > 0.0:
            raise EdgeAsrError(f"tesseraq: learning_rate is {self.learning_rate}; write a positive number")
        if self.batch_size < 1:
            raise EdgeAsrError(f"tesseraq: batch_size is {self.batch_size}; write 1 or more")


def tesseraq(problem: "Problem", config: TesseraqConfig) -> "Mapping[str, QuantizedWeight]":
    """Return all planned weights, those of the blocks with learned rounding.

    What lies outside the blocks (front end, lookups, head) is as an earlier step left it, or rounded to
    nearest. Above 8 bits nothing is learned: rounding to nearest is at float16's own accuracy.

    Raises:
        EdgeAsrError: there is no calibration data, or the loss of a block (named) is not finite.
    """
    from quant.blocks.walk import walk

    return walk(problem, lambda block: learn_block(block, problem.findings.weights, config))


def learn_block(
    block: "Block", found: "Mapping[str, QuantizedWeight]", config: TesseraqConfig
) -> "BlockResult":
    """Return a block's weights, learned from the scales and codes of those `found` earlier."""
    from quant.methods.problem import BlockResult
    from quant.quantizer import RangeSearch
    from quant.reconstruction.rounding import SoftRounding
    from quant.reconstruction.start import starting_weight

    weights: dict[str, QuantizedWeight] = {}
    roundings: dict[str, SoftRounding] = {}
    for layer in block.layers:
        start = starting_weight(block, layer, found, method="tesseraq", search=RangeSearch())
        if layer.weight.bits > 8:
            weights[layer.module] = start
        else:
            roundings[layer.module] = SoftRounding(block.weight(layer), start)
    if roundings:
        _learn_(block, roundings, config)
        weights |= {module: rounding.rounded() for module, rounding in roundings.items()}
    return BlockResult(weights)


def _learn_(block: "Block", roundings: "Mapping[str, SoftRounding]", config: TesseraqConfig) -> None:
    """Learn the rounding of a block's layers until all of it is final."""
    import torch

    from quant.blocks.block import quantized_inputs
    from quant.reconstruction.objective import Objective, descend_

    objective = Objective(block, seed=config.seed)
    fewest_bits = min(rounding.number.bits for rounding in roundings.values())
    with quantized_inputs(block), torch.enable_grad():
        for soft_share in SOFT_SHARES_LOW if fewest_bits <= 3 else SOFT_SHARES_HIGH:
            learned = []
            for rounding in roundings.values():
                rounding.harden_(soft_share)
                variables, factors = rounding.learned()
                learned += [variables, factors] if config.learn_scale else [variables]
            # As in the authors' code every stage starts a new optimizer: what is soft has changed.
            optimizer = torch.optim.Adam(learned, lr=config.learning_rate)
            for _ in range(config.iterations):
                parameters = {f"{module}.weight": each.weight() for module, each in roundings.items()}
                loss = objective(parameters, objective.drawn(config.batch_size))
                descend_(optimizer, loss, method="tesseraq", block=block.name)
    for rounding in roundings.values():
        rounding.harden_(0.0)
