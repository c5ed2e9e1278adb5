"""SpinQuant: QuaRot's rotations, learned (arXiv 2405.16406).

The rotations of the residual streams (R1) and of each attention's values (R2) start as random Hadamard
matrices and are turned by Cayley SGD so that the quantized network answers as the float one does. Hadamard
transforms at run time (R3, R4) are QuaRot's. A transform; a rounding method follows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from quant.methods.seed import check_seed
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from torch import Tensor

    from quant.methods.problem import Problem
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True)
class SpinquantConfig:
    """How rotations are learned; the paper's section 4.1 unless said otherwise.

    `learning_rate` falls to zero as a cosine over `steps`; a step takes `batch` utterances (the paper: one
    sequence on each of 8 GPUs). `loss` is the divergence from the float network's `logits`, or the paper's
    cross-entropy to `tokens`. Its tokens come from a text; ours are the float network's own, so that
    cross-entropy also rewards being surer of them than that network is.

    While learning, weights are rounded to nearest as `round_weights` says. `auto` does what the paper found
    best: not where the next method fits rounded weights to data, as long as there are integer activations
    to learn from. `seed`, `mlp_hadamard` and `key_hadamard` are QuaRot's.
    """

    steps: int = 100
    learning_rate: float = 1.5
    batch: int = 8
    loss: Literal["logits", "tokens"] = "logits"
    round_weights: Literal["auto", "always", "never"] = "auto"
    seed: int = 0
    mlp_hadamard: bool = True
    key_hadamard: bool = True

    def __post_init__(self) -> None:
        check_seed("spinquant", self.seed)
        if self.steps < 1:
            raise EdgeAsrError(f"spinquant: steps is {self.steps}; write 1 or more, or use quarot")
        if not self.learning_rate > 0.0:
            raise EdgeAsrError(f"spinquant: learning_rate is {self.learning_rate}; write a positive number")
        if self.batch < 1:
            raise EdgeAsrError(f"spinquant: batch is {self.batch}; write 1 utterance or more")


def spinquant(problem: "Problem", config: SpinquantConfig) -> Mapping[str, "QuantizedWeight"]:
    """Rotate the network by learned matrices."""
    from quant.rotations.apply import apply_rotations_, random_rotations, resumed
    from quant.rotations.learn import learned_rotations
    from quant.rotations.sites import sites_of

    def learn() -> "dict[str, Tensor]":
        initial = random_rotations(problem.model, sites_of(problem.model), seed=config.seed)
        return learned_rotations(
            problem, config, initial=initial, round_weights=_rounds_weights(problem, config)
        )

    apply_rotations_(problem, resumed(problem, learn))
    return {}


def _rounds_weights(problem: "Problem", config: SpinquantConfig) -> bool:
    """Say whether to learn with weights rounded to nearest, which a compensating method's are unlike."""
    from quant.methods import METHODS

    if config.round_weights != "auto":
        return config.round_weights == "always"
    has_integers = any(not layer.activation.is_float for layer in problem.layers)
    compensates = problem.next_method in METHODS and METHODS[problem.next_method].compensates
    return not (compensates and has_integers)
