"""The registry of quantization methods: one line each. Importing it needs no torch."""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from quant.methods.awq import AwqConfig, awq
from quant.methods.gptq import GptqConfig, gptq
from quant.methods.hqq import HqqConfig, hqq
from quant.methods.omniquant import OmniquantConfig, omniquant
from quant.methods.problem import Problem
from quant.methods.quarot import QuarotConfig, prepare_rotations_, quarot, rotate_graph
from quant.methods.quik import QuikConfig, n_float, quik
from quant.methods.rtn import RtnConfig, rtn
from quant.methods.smoothquant import SmoothQuantConfig, smoothquant
from quant.methods.spinquant import SpinquantConfig, spinquant
from quant.methods.tesseraq import TesseraqConfig, tesseraq

if TYPE_CHECKING:
    from torch.nn import Module

    from quant.recipe import Recipe
    from quant.weights import QuantizedWeight
    from traces.graph import Graph


class MethodConfig(Protocol):
    """The settings of a method: a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method's settings type and its function.

    `run` receives the problem and the settings. It may change the float network by exact transforms
    (assigning new parameters, never writing into old ones, which the caller's model shares), and returns the
    weights it has rounded, by module name. A pure transform returns none.

    A method that puts work into the network (a rotation, say) has two more: `restructure` changes the modules
    in place so that the float network computes the same as before. It runs before `run` and when a
    checkpoint is loaded, so it depends on shapes only. `annotate` makes the same change to a stored graph.

    The rest says what others need to know: `data_free` that it needs no data, `compensates` that it makes up
    for what rounding a weight does by the weights it has not rounded yet, `lends_layers` that any one
    of its layers fits the float network, which it leaves as it is, `n_float_columns` how many of a
    layer's input columns, by its width, stay float.
    """

    config: type[MethodConfig]
    run: "Callable[[Problem, Any], Mapping[str, QuantizedWeight]]"
    restructure: "Callable[[Module, Any, Recipe], None] | None" = None
    annotate: "Callable[[Graph, Any, Recipe], Graph] | None" = None
    data_free: bool = False
    compensates: bool = False
    lends_layers: bool = False
    n_float_columns: "Callable[[Any, int], int] | None" = None


METHODS: dict[str, Method] = {
    "awq": Method(AwqConfig, awq),
    "gptq": Method(GptqConfig, gptq, compensates=True, lends_layers=True),
    "hqq": Method(HqqConfig, hqq, data_free=True, lends_layers=True),
    "omniquant": Method(OmniquantConfig, omniquant),
    "quarot": Method(QuarotConfig, quarot, prepare_rotations_, rotate_graph, data_free=True),
    "quik": Method(QuikConfig, quik, compensates=True, n_float_columns=n_float),
    "rtn": Method(RtnConfig, rtn, data_free=True, lends_layers=True),
    "spinquant": Method(SpinquantConfig, spinquant, prepare_rotations_, rotate_graph),
    "tesseraq": Method(TesseraqConfig, tesseraq),
    "smoothquant": Method(SmoothQuantConfig, smoothquant),
}
