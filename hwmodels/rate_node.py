"""What a chip file says of rates and fallbacks, as pydantic reads it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from hwmodels.format_class import expand_classes
from hwmodels.quantity_node import Node, QuantityNode
from hwmodels.rate import Remedy
from traces.errors import EdgeAsrError

OpName = Literal[
    "dense",
    "depthwise",
    "matvec",
    "activation_product",
    "softmax",
    "normalisation",
    "elementwise",
    "pooling",
    "gather",
    "layout",
    "transform",
]


class LanesNode(Node):
    """What a unit does at once along each extent."""

    batch: Annotated[int, Field(ge=1)] = 1
    m: Annotated[int, Field(ge=1)] = 1
    k: Annotated[int, Field(ge=1)] = 1
    n: Annotated[int, Field(ge=1)] = 1
    m_inner: Annotated[int, Field(ge=0)] = 0
    window: Annotated[int, Field(ge=1)] = 1
    flat: bool = False
    deep: Annotated[int, Field(ge=1)] = 1


def _checked_pattern(pattern: str) -> str:
    if pattern:
        try:
            expand_classes(pattern)
        except EdgeAsrError as error:
            raise ValueError(str(error)) from error
    return pattern


FormatPattern = Annotated[str, AfterValidator(_checked_pattern)]
"""`int8`, `int2-int7` for all from 2 to 7 bits, or empty."""


class RateNode(Node):
    """How fast a unit does some ops with one pair of formats."""

    unit: str
    ops: Annotated[list[OpName], Field(min_length=1)]
    weight: FormatPattern = ""
    activation: FormatPattern
    per_cycle: QuantityNode | None = None
    fill_cycles: QuantityNode
    start_cycles: QuantityNode | None = None
    convolution_start_cycles: QuantityNode | None = None
    output_cycles: QuantityNode | None = None
    slab_cycles: QuantityNode | None = None
    group_cycles: QuantityNode | None = None
    weights_per_cycle: QuantityNode | None = None
    results_at_once: QuantityNode | None = None
    issue_share: QuantityNode | None = None
    lanes: LanesNode = LanesNode()
    whole_window: bool = False
    windows: list[Annotated[int, Field(ge=1)]] = Field(default_factory=list)
    serial: bool = False
    packs_groups: bool = False
    bytes_per_mac: QuantityNode | None = None
    rows_per_pass: QuantityNode | None = None

    @model_validator(mode="after")
    def _check(self) -> "RateNode":
        if self.per_cycle is None and self.lanes == LanesNode():
            raise ValueError("per_cycle: is missing; only an array of 'lanes' has one by itself")
        return self


class FallbackNode(Node):
    """What happens to ops that have no rate."""

    ops: list[OpName] = Field(default_factory=list)
    weights: list[FormatPattern] = Field(default_factory=list)
    activations: list[FormatPattern] = Field(default_factory=list)
    grouped: bool | None = None
    remedy: Remedy
    weight: FormatPattern = ""
    activation: FormatPattern = ""
    reason: Annotated[str, Field(min_length=8)]

    @model_validator(mode="after")
    def _check(self) -> "FallbackNode":
        key = "activation" if self.remedy in (Remedy.CAST, Remedy.REPLACE) else "weight"
        if self.remedy is not Remedy.HOST and not getattr(self, key):
            raise ValueError(f"remedy '{self.remedy}' needs '{key}': the format class it ends in")
        return self
