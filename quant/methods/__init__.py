"""The registry of quantization methods: one line each. Importing it needs no torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.methods.problem import Problem
from quant.methods.rtn import RtnConfig, rtn

if TYPE_CHECKING:
    from quant.weights import QuantizedWeight

MethodConfig = RtnConfig
"""The settings of any method: a union that a new method's frozen config joins."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method's settings type and its function.

    The function receives the problem and the settings. It may change the float network by exact transforms
    (assigning new parameters, never writing into old ones, which the caller's model shares), and returns the
    weights it has rounded, by module name. A pure transform returns none.
    """

    config: type[MethodConfig]
    run: "Callable[[Problem, MethodConfig], Mapping[str, QuantizedWeight]]"


METHODS: dict[str, Method] = {
    "rtn": Method(RtnConfig, rtn),
}
