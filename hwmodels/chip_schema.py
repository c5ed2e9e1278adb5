"""What a chip file may say: pydantic models, imported only while a file is read."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from hwmodels.chip import Holding, Order, Overlap, Remedy, UnitKind
from hwmodels.chip_checks import sign_mistake
from hwmodels.format_class import expand_classes
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
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _check_signs(cls, field: object, info: ValidationInfo) -> object:
        """Verify the sign of a number, or of one number per format."""
        name = str(info.field_name)
        numbers = field.items() if isinstance(field, dict) else [("", field)]
        for key, number in numbers:
            if isinstance(number, QuantityNode):
                mistake = sign_mistake(name, number.value if number.low is None else number.low)
                if mistake:
                    raise ValueError(f"{key}: {mistake}" if key else mistake)
        return field


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


class UnitNode(_Node):
    """Something that computes."""

    kind: UnitKind
    clock_hz: QuantityNode
    speed: QuantityNode | None = None


class LevelNode(_Node):
    """A memory."""

    size_bytes: QuantityNode
    bandwidth_bytes_per_s: QuantityNode | None = None
    latency_s: QuantityNode
    energy_j_per_byte: QuantityNode
    holds: list[Holding] = []
    stages: bool = False
    partial_write_factor: QuantityNode | None = None
    short_read_factor: QuantityNode | None = None
    matvec_share: QuantityNode | None = None
    channel_s: QuantityNode | None = None


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
    per_cycle: QuantityNode | None = None
    fill_cycles: QuantityNode
    start_cycles: QuantityNode | None = None
    convolution_start_cycles: QuantityNode | None = None
    output_cycles: QuantityNode | None = None
    slab_cycles: QuantityNode | None = None
    weights_per_cycle: QuantityNode | None = None
    results_at_once: QuantityNode | None = None
    lanes: LanesNode = LanesNode()
    whole_window: bool = False
    windows: list[Annotated[int, Field(ge=1)]] = []
    serial: bool = False
    packs_groups: bool = False
    bytes_per_mac: QuantityNode | None = None
    rows_per_pass: QuantityNode | None = None
    _formats = field_validator("weight", "activation")(_classes)

    @model_validator(mode="after")
    def _check(self) -> "RateNode":
        if self.per_cycle is None and self.lanes == LanesNode():
            raise ValueError("per_cycle: is missing; only an array of 'lanes' has one by itself")
        return self


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


class TilingNode(_Node):
    """How tiles are cut."""

    double_buffered: bool
    orders: Annotated[list[Order], Field(min_length=1)]
    max_n: QuantityNode | None = None
    prefetches: bool = True
    cascades: bool = False
    fuses_sums: bool = True
    joins_in_place: bool = False
    exposed_bytes: QuantityNode | None = None


class OverheadsNode(_Node):
    """Time that no work explains."""

    per_op_s: QuantityNode
    per_inference_s: QuantityNode
    host_hop_s: QuantityNode
    per_inference_cycles: QuantityNode | None = None
    float_results_bytes_per_s: QuantityNode | None = None


class EnergyNode(_Node):
    """What computing costs."""

    static_power_w: QuantityNode
    host_power_w: QuantityNode
    mac_j: Annotated[dict[str, QuantityNode], Field(min_length=1)]
    step_j: QuantityNode
    clock_j: QuantityNode | None = None


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
        for level in list(self.levels.values())[1:]:
            if level.bandwidth_bytes_per_s is None:
                raise ValueError(
                    "levels: only the nearest may leave bandwidth_bytes_per_s out; add it to the others"
                )
        return self
