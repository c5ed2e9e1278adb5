"""What a chip file may say: pydantic models, imported only while a file is read."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from hwmodels.chip import Holding, Order, Overlap, Remedy, UnitKind, bandwidth_mistake
from hwmodels.format_class import bits_of, expand_classes
from hwmodels.quantity import RANGED_KINDS, Kind, Quantity
from traces.errors import EdgeAsrError

OpName = Literal[
    "dense",
    "depthwise",
    "matvec",
    "activation_product",
    "softmax",
    "normalisation",
    "elementwise",
    "gather",
    "layout",
    "transform",
]
OpNames = list[OpName]


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QuantityNode(_Node):
    """One number: value, kind and source, and a range where the kind asks for one."""

    value: float
    kind: Kind
    source: Annotated[str, Field(min_length=8)]
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _check(self) -> "QuantityNode":
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if self.kind in RANGED_KINDS and (self.low is None or self.high is None):
            raise ValueError(f"a number of kind '{self.kind}' needs a range; add low and high")
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside its range {low:g} to {high:g}")
        return self


def quantity(node: QuantityNode) -> Quantity:
    """Return the number as a value; without a range it is its own."""
    low = node.value if node.low is None else node.low
    high = node.value if node.high is None else node.high
    return Quantity(node.value, node.kind, node.source, low, high)


def _optional(node: QuantityNode | None) -> Quantity | None:
    return None if node is None else quantity(node)


def _positive(node: QuantityNode) -> QuantityNode:
    lowest = node.value if node.low is None else node.low
    if lowest <= 0:
        raise ValueError(f"{lowest:g} is not positive; nothing would ever finish")
    return node


def _positive_if_given(node: QuantityNode | None) -> QuantityNode | None:
    return node if node is None else _positive(node)


def _not_negative(node: QuantityNode) -> QuantityNode:
    lowest = node.value if node.low is None else node.low
    if lowest < 0:
        raise ValueError(f"{lowest:g} is negative; write 0 or more")
    return node


def _not_negative_if_given(node: QuantityNode | None) -> QuantityNode | None:
    return node if node is None else _not_negative(node)


class UnitNode(_Node):
    """Something that computes."""

    kind: UnitKind
    clock_hz: QuantityNode
    speed: QuantityNode | None = None
    _clock = field_validator("clock_hz")(_positive)

    @field_validator("speed")
    @classmethod
    def _check_speed(cls, node: QuantityNode | None) -> QuantityNode | None:
        return node if node is None else _positive(node)


class LevelNode(_Node):
    """A memory."""

    size_bytes: QuantityNode
    bandwidth_bytes_per_s: QuantityNode | None = None
    latency_s: QuantityNode
    energy_j_per_byte: QuantityNode
    holds: list[Holding] = []
    stages: bool = False
    partial_write_factor: QuantityNode | None = None
    _size = field_validator("size_bytes")(_positive)
    _delays = field_validator("latency_s", "energy_j_per_byte")(_not_negative)
    short_read_factor: QuantityNode | None = None
    channel_s: QuantityNode | None = None
    _rates = field_validator(
        "bandwidth_bytes_per_s", "partial_write_factor", "short_read_factor", "channel_s"
    )(_positive_if_given)


class LanesNode(_Node):
    """What a unit does at once along each extent."""

    batch: Annotated[int, Field(ge=1)] = 1
    m: Annotated[int, Field(ge=1)] = 1
    k: Annotated[int, Field(ge=1)] = 1
    n: Annotated[int, Field(ge=1)] = 1
    m_inner: Annotated[int, Field(ge=0)] = 0
    window: Annotated[int, Field(ge=1)] = 1
    flat: bool = False
    deep: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _check(self) -> "LanesNode":
        if self.m_inner and self.m % self.m_inner:
            raise ValueError(f"m_inner: {self.m} positions are no whole number of rows of {self.m_inner}")
        return self


def _classes(pattern: str, info: ValidationInfo) -> str:
    del info
    if pattern:
        try:
            expand_classes(pattern)
        except EdgeAsrError as error:
            raise ValueError(str(error)) from error
    return pattern


class RateNode(_Node):
    """How fast a unit does some ops with one pair of formats."""

    unit: str
    ops: Annotated[OpNames, Field(min_length=1)]
    weight: str = ""
    activation: str
    per_cycle: QuantityNode
    fill_cycles: QuantityNode
    start_cycles: QuantityNode | None = None
    output_cycles: QuantityNode | None = None
    slab_cycles: QuantityNode | None = None
    weights_per_cycle: QuantityNode | None = None
    results_at_once: QuantityNode | None = None
    lanes: LanesNode = LanesNode()
    whole_window: bool = False
    windows: list[Annotated[int, Field(ge=1)]] = []
    serial: bool = False
    bytes_per_mac: QuantityNode | None = None
    rows_per_pass: QuantityNode | None = None
    _rate = field_validator("per_cycle")(_positive)
    _fill = field_validator("fill_cycles")(_not_negative)
    _limits = field_validator("weights_per_cycle", "results_at_once")(_positive_if_given)
    _formats = field_validator("weight", "activation")(_classes)


class FallbackNode(_Node):
    """What happens to ops that have no rate."""

    ops: OpNames = []
    weights: list[str] = []
    activations: list[str] = []
    grouped: bool | None = None
    remedy: Remedy
    weight: str = ""
    activation: str = ""
    reason: Annotated[str, Field(min_length=8)]

    @field_validator("weights", "activations")
    @classmethod
    def _check_patterns(cls, patterns: list[str], info: ValidationInfo) -> list[str]:
        return [_classes(pattern, info) for pattern in patterns]

    _formats = field_validator("weight", "activation")(_classes)

    @model_validator(mode="after")
    def _check(self) -> "FallbackNode":
        key = "activation" if self.remedy in (Remedy.CAST, Remedy.REPLACE) else "weight"
        if self.remedy is not Remedy.HOST and not getattr(self, key):
            raise ValueError(f"remedy '{self.remedy}' needs '{key}': the format class it ends in")
        return self


class UnpackingNode(_Node):
    """What software does for low-bit weights."""

    unit: str
    weights_per_cycle: dict[str, QuantityNode]
    partial_sums_per_cycle: QuantityNode
    _sums = field_validator("partial_sums_per_cycle")(_positive)

    @field_validator("weights_per_cycle")
    @classmethod
    def _check_rates(cls, nodes: dict[str, QuantityNode]) -> dict[str, QuantityNode]:
        return {name: _positive(node) for name, node in nodes.items()}


class TilingNode(_Node):
    """How tiles are cut."""

    double_buffered: bool
    orders: Annotated[list[Order], Field(min_length=1)]
    max_n: QuantityNode | None = None
    prefetches: bool = True
    cascades: bool = False
    fuses_sums: bool = True
    exposed_bytes: QuantityNode | None = None


class OverheadsNode(_Node):
    """Time that no work explains."""

    per_op_s: QuantityNode
    per_inference_s: QuantityNode
    host_hop_s: QuantityNode
    per_inference_cycles: QuantityNode | None = None
    float_results_bytes_per_s: QuantityNode | None = None
    _delays = field_validator("per_op_s", "per_inference_s", "host_hop_s")(_not_negative)


class EnergyNode(_Node):
    """What computing costs."""

    static_power_w: QuantityNode
    host_power_w: QuantityNode
    mac_j: Annotated[dict[str, QuantityNode], Field(min_length=1)]
    step_j: QuantityNode
    clock_j: QuantityNode | None = None
    _terms = field_validator("static_power_w", "host_power_w", "step_j")(_not_negative)
    _clock = field_validator("clock_j")(_not_negative_if_given)

    @field_validator("mac_j")
    @classmethod
    def _check_macs(cls, nodes: dict[str, QuantityNode]) -> dict[str, QuantityNode]:
        return {name: _not_negative(node) for name, node in nodes.items()}


class ChipNode(_Node):
    """A chip file, after `inherit` and `sources` are resolved."""

    title: str
    family: Literal["npu", "mcu", "dsp", "cpu"]
    software: str
    description: str
    hypothetical: bool = False
    units: dict[str, UnitNode]
    levels: dict[str, LevelNode]
    rates: dict[str, RateNode]
    fallbacks: list[FallbackNode] = []
    unpacking: UnpackingNode | None = None
    codec: dict[str, QuantityNode] = {}
    tiling: TilingNode
    overheads: OverheadsNode
    energy: EnergyNode
    overlap: Overlap
    generation: QuantityNode | None = None

    @model_validator(mode="after")
    def _check(self) -> "ChipNode":
        for name, rate in self.rates.items():
            if rate.unit not in self.units:
                raise ValueError(
                    f"rates.{name}.unit: no unit is called '{rate.unit}'; units: {', '.join(self.units)}"
                )
        if self.unpacking is not None and self.unpacking.unit not in self.units:
            raise ValueError(
                f"unpacking.unit: no unit is called '{self.unpacking.unit}'; units: {', '.join(self.units)}"
            )
        for holding in ("weights", "activations", "caches"):
            if not any(holding in level.holds for level in self.levels.values()):
                raise ValueError(f"levels: none holds {holding}; add it to the 'holds' of a level")
        hosts = [name for name, unit in self.units.items() if unit.kind == "host"]
        for idx, fallback in enumerate(self.fallbacks):
            if fallback.remedy is Remedy.HOST and not hosts:
                raise ValueError(
                    f"fallbacks.{idx}: no unit is of kind 'host'; add one or choose another remedy"
                )
        mistake = _tile_mistake(self) or bandwidth_mistake(
            tuple((name, _optional(level.bandwidth_bytes_per_s)) for name, level in self.levels.items())
        )
        if mistake:
            raise ValueError(mistake)
        return self


def _tile_mistake(chip: ChipNode) -> str:
    """Return which staging level cannot take one block of a product's operands, or nothing."""
    share = 2 if chip.tiling.double_buffered else 1
    for level_name, level in chip.levels.items():
        if not level.stages:
            continue
        for name, rate in chip.rates.items():
            if rate.bytes_per_mac is not None or chip.units[rate.unit].kind == "host":
                continue
            lanes = rate.lanes
            moving = lanes.m * lanes.k * _width_bytes(rate.activation)
            stationary = lanes.k * lanes.n * _width_bytes(rate.weight)
            needed = share * lanes.batch * (moving + stationary)
            if needed > level.size_bytes.value:
                return (
                    f"levels.{level_name}.size_bytes: {level.size_bytes.value:g} B is less than the "
                    f"{needed:g} B of one block of rates.{name}; enlarge the level or cut the rate's lanes"
                )
    return ""


def _width_bytes(pattern: str) -> float:
    return bits_of(expand_classes(pattern)[-1]) / 8 if pattern else 1.0
