"""What a chip file may say: pydantic models, imported only while a file is read."""

from typing import Annotated

from pydantic import Field, model_validator

from hwmodels.chip import Family, Holding, Order, Overlap, UnitKind
from hwmodels.quantity_node import Node, QuantityNode
from hwmodels.rate import Remedy
from hwmodels.rate_node import FallbackNode, RateNode


class UnitNode(Node):
    """Something that computes."""

    kind: UnitKind
    clock_hz: QuantityNode
    speed: QuantityNode | None = None


class LevelNode(Node):
    """A memory."""

    size_bytes: QuantityNode
    bandwidth_bytes_per_s: QuantityNode | None = None
    latency_s: QuantityNode
    energy_j_per_byte: QuantityNode
    holds: list[Holding] = Field(default_factory=list)
    stages: bool = False
    partial_write_factor: QuantityNode | None = None
    short_read_factor: QuantityNode | None = None
    matvec_share: QuantityNode | None = None
    cache_bytes: QuantityNode | None = None
    channel_s: QuantityNode | None = None


class UnpackingNode(Node):
    """What software does for low-bit weights."""

    unit: str
    weights_per_cycle: dict[str, QuantityNode]
    partial_sums_per_cycle: QuantityNode


class TilingNode(Node):
    """How tiles are cut."""

    double_buffered: bool
    orders: Annotated[list[Order], Field(min_length=1)]
    max_n: QuantityNode | None = None
    prefetches: bool = True
    cascades: bool = False
    fuses_sums: bool = True
    fuses_functions: bool = True
    joins_in_place: bool = False
    exposed_bytes: QuantityNode | None = None


class OverheadsNode(Node):
    """Time that no work explains."""

    per_op_s: QuantityNode
    per_inference_s: QuantityNode
    host_hop_s: QuantityNode
    per_inference_cycles: QuantityNode | None = None
    float_results_bytes_per_s: QuantityNode | None = None


class EnergyNode(Node):
    """What computing costs."""

    static_power_w: QuantityNode
    host_power_w: QuantityNode
    mac_j: Annotated[dict[str, QuantityNode], Field(min_length=1)]
    step_j: QuantityNode
    clock_j: QuantityNode | None = None


class ChipNode(Node):
    """A chip file, after `inherit` and `sources` are resolved."""

    title: str
    family: Family
    software: str
    description: str
    hypothetical: bool = False
    units: dict[str, UnitNode]
    levels: dict[str, LevelNode]
    rates: dict[str, RateNode]
    fallbacks: list[FallbackNode] = Field(default_factory=list)
    unpacking: UnpackingNode | None = None
    codec: dict[str, QuantityNode] = Field(default_factory=dict)
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
