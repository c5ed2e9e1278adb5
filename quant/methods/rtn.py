"""Round to nearest: the baseline. Data-free; every weight on its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.methods.problem import Problem
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True)
class RtnConfig:
    """How the range of a row or group is found.

    `minmax` spans all values. `mse` keeps the share of that span whose rounding error is least; `steps`,
    `max_shrink` and `norm` are LLMC's (`calib_algo: mse`): 80 of 100 steps, exponent 2.4.
    """

    range: Literal["minmax", "mse"] = "minmax"
    steps: int = 100
    max_shrink: float = 0.8
    norm: float = 2.4

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise EdgeAsrError(f"rtn: steps is {self.steps}; write 1 or more")
        if not 0.0 < self.max_shrink < 1.0:
            raise EdgeAsrError(f"rtn: max_shrink is {self.max_shrink}; write a share between 0 and 1")
        if not self.norm > 0.0:
            raise EdgeAsrError(f"rtn: norm is {self.norm}; write a positive exponent")


def rtn(problem: "Problem", config: RtnConfig) -> Mapping[str, "QuantizedWeight"]:
    """Return every planned weight rounded to the nearest code of its grid."""
    from quant.quantizer import RangeSearch
    from quant.weights import round_weight

    search = RangeSearch(config.steps, config.max_shrink, config.norm) if config.range == "mse" else None
    rounded: dict[str, QuantizedWeight] = {}
    for done, layer in enumerate(problem.layers):
        rounded[layer.module] = round_weight(
            problem.weight_of(layer), layer.weight, module=layer.module, search=search
        )
        problem.progress("rtn", done + 1, len(problem.layers))
    return rounded
