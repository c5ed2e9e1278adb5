"""QuaRot: random Hadamard rotations spread outliers over all channels (arXiv 2404.00456). Data-free.

A transform of the float network, exact but for the rounding of its rotations to float16; a rounding method
follows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.methods.seed import check_seed

if TYPE_CHECKING:
    from torch import nn

    from quant.methods.problem import Problem
    from quant.recipe import Recipe
    from quant.rotations.choices import OnlineChoices
    from quant.weights import QuantizedWeight
    from traces.graph import Graph


@dataclass(frozen=True, slots=True)
class QuarotConfig:
    """Which rotations, and their random signs.

    The residual streams and the values of each attention are always rotated, which costs one matrix product
    where a stream begins or ends. `mlp_hadamard` transforms the input of every fc2 at run time;
    `key_hadamard` transforms queries and keys where the recipe quantizes the cache: at run time behind RoPE,
    in the weights elsewhere. The paper does both (its section 4, stages 1b and 1d).
    """

    seed: int = 0
    mlp_hadamard: bool = True
    key_hadamard: bool = True

    def __post_init__(self) -> None:
        check_seed("quarot", self.seed)


def quarot(problem: "Problem", config: QuarotConfig) -> Mapping[str, "QuantizedWeight"]:
    """Rotate the network by random Hadamard matrices."""
    from quant.rotations.apply import apply_rotations_, random_rotations
    from quant.rotations.sites import sites_of

    rotations = random_rotations(problem.model, sites_of(problem.model), seed=config.seed)
    apply_rotations_(problem, rotations)
    problem.progress(problem.step, 1, 1)
    return {}


def prepare_rotations_(model: "nn.Module", choices: "OnlineChoices", recipe: "Recipe") -> None:
    """Build in what a rotated network computes with; see `quant.rotations.restructure`."""
    from quant.rotations.restructure import restructure_

    restructure_(model, choices, recipe=recipe)


def rotate_graph(graph: "Graph", choices: "OnlineChoices", recipe: "Recipe") -> "Graph":
    """Return the graph of the rotated network; see `quant.rotations.surgery`."""
    from quant.rotations.surgery import rotated_graph

    return rotated_graph(graph, choices, recipe=recipe)
