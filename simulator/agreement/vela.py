"""Predicted cycles of Ethos-U beside those of Arm's compiler Vela: op by op, and whole networks.

Vela estimates what the NPU and its memories do, and no software around them: the chips' start and per-op
overheads are left out of the comparison. Weights take the bytes that Vela's coder reached on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import Floats, OpClass
from hwmodels.quantity import Quantity
from simulator.agreement.estimates import EstimatedNetwork, EstimatedOp, estimated_networks, estimated_ops
from simulator.agreement.product import OP, product_graph
from simulator.bind import Bound, bind
from simulator.place import place
from simulator.stored import StoredWeights
from simulator.validation.bench import FORMATS, network_of_graph
from traces.counts import macs
from traces.formats import INT8_CHANNEL, Format
from traces.graph import Graph
from traces.networks.store import Precision, load_network

PRODUCTS = "products"
"""The network whose ops are single products, named by their extents."""
WEIGHTS = {
    "int8": INT8_CHANNEL,
    "int4": Format.parse("int4_channel"),
    # The nearest format: three values of the four that two bits hold.
    "ternary": Format.parse("int2_channel"),
    "": None,
}
"""What values the weights of a product take -> the format they are costed in."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One op of a graph: its class, its MACs, and whether it adds another tensor to its result."""

    name: str
    op_class: OpClass
    macs: float
    adds: bool


@dataclass(frozen=True, slots=True)
class OpAgreement:
    """One op on one chip, in cycles of its clock; `vela_total_cycles` is None where not known."""

    chip: str
    network: str
    op: str
    kind: str
    weights: str
    vela_npu_cycles: float
    predicted_npu_cycles: float
    vela_total_cycles: float | None
    predicted_total_cycles: float


@dataclass(frozen=True, slots=True)
class NetworkAgreement:
    """One network on one chip, in cycles of its clock."""

    chip: str
    network: str
    vela_npu_cycles: float
    predicted_npu_cycles: float
    vela_total_cycles: float
    predicted_total_cycles: float


@dataclass(frozen=True, slots=True)
class Cycles:
    """What a chip takes for each op of a graph, software left out: (ops,)."""

    npu: Floats
    """Computing, unpacking, and loading and storing what nothing hides."""
    total: Floats
    """The slowest of the NPU and the memories."""


def layers(network: str) -> tuple[Layer, ...]:
    """Return the ops of a network of the catalogue, in order."""
    bound = _bound(load_network(network, Precision.W8A8))
    classes = bound.ops.op_class[bound.row_of[:, 0]]
    return tuple(
        Layer(
            op.name,
            OpClass(int(code)),
            float(macs(op).at({})),
            any(e.function == "residual" for e in op.epilogues),
        )
        for op, code in zip(bound.graph.ops, classes, strict=True)
    )


def op_agreement() -> tuple[OpAgreement, ...]:
    """Return every op that Vela estimates, beside what the chips of the library say."""
    return tuple(_ops(estimated_ops(), _coded(estimated_networks())))


def network_agreement() -> tuple[NetworkAgreement, ...]:
    """Return every network that Vela estimates, beside what the chips of the library say."""
    found = []
    for row in estimated_networks():
        cycles = cycles_of(
            load_network(row.network, Precision.W8A8), coding(vela_chip(row.chip), row.coded_bytes_per_weight)
        )
        found.append(
            NetworkAgreement(
                row.chip, row.network, row.npu_cycles, float(cycles.npu.sum()), row.total_cycles,
                float(cycles.total.sum()),
            )
        )  # fmt: skip
    return tuple(found)


def coding(chip: Chip, bytes_per_weight: float) -> Chip:
    """Return the chip with int8 weights taking these bytes in its code."""
    reached = Quantity.exact(
        bytes_per_weight, "derived", "what Vela's coder reached on the network's weights"
    )
    return chip.with_quantity("codec.int8", reached)


def vela_chip(name: str) -> Chip:
    """Return a chip with pixels of few channels read as Vela has it: 8 bytes of every burst are of use."""
    chip = load_chip(name)
    for path, quantity in chip.quantities():
        if path.endswith("short_read_factor"):
            chip = chip.with_quantity(path, Quantity.exact(quantity.high, "derived", quantity.source))
    return chip


def cycles_of(graph: Graph, chip: Chip) -> Cycles:
    """Return the cycles of each op of a graph without symbols, at the clock of the chip's matrix unit."""
    bound = _bound(graph)
    beyond_bytes = StoredWeights.of((bound,), bound.ops).beyond_packed_bytes(chip)
    found = cost(bound.ops, place(bound.ops, chip, beyond_packed_bytes=beyond_bytes), chip)
    clock_hz = next(unit.clock_hz.value for unit in chip.units if unit.kind == "matrix")
    rows = bound.row_of[:, 0]
    npu_s = found.compute_s + found.unpack_s + found.exposed_s.sum(axis=1)
    total_s = found.latency_s.nominal - found.overhead_s
    return Cycles((npu_s * clock_hz)[rows], (total_s * clock_hz)[rows])


@lru_cache(maxsize=64)
def _bound(graph: Graph) -> Bound:
    return bind(graph, {}, phase_idx=0, network=network_of_graph(graph), formats=_FORMATS)


_FORMATS = tuple(sorted({*FORMATS, *(fmt for fmt in WEIGHTS.values() if fmt)}, key=lambda fmt: fmt.name))


def _coded(networks: Sequence[EstimatedNetwork]) -> dict[tuple[str, str], float]:
    return {(row.chip, row.network): row.coded_bytes_per_weight for row in networks}


def _ops(rows: Sequence[EstimatedOp], coded: dict[tuple[str, str], float]) -> Iterator[OpAgreement]:
    for (chip_name, network), group in groupby(rows, key=lambda row: (row.chip, row.network)):
        mine, chip = list(group), vela_chip(chip_name)
        if network == PRODUCTS:
            for row in mine:
                graph = product_graph(*map(int, row.op.split("x")), weight=WEIGHTS[row.weights])
                yield _op(row, cycles_of(graph, chip), 0, _kind(graph, OP))
            continue
        graph = load_network(network, Precision.W8A8)
        cycles = cycles_of(graph, coding(chip, coded[chip_name, network]))
        places = {op.name: idx for idx, op in enumerate(graph.ops)}
        for row in mine:
            yield _op(row, cycles, places[row.op], _kind(graph, row.op))


def _op(row: EstimatedOp, cycles: Cycles, idx: int, kind: str) -> OpAgreement:
    return OpAgreement(
        row.chip, row.network, row.op, kind, row.weights, row.npu_cycles, float(cycles.npu[idx]),
        row.total_cycles, float(cycles.total[idx]),
    )  # fmt: skip


def _kind(graph: Graph, op: str) -> str:
    """Return the class of an op."""
    bound = _bound(graph)
    idx = next(idx for idx, each in enumerate(graph.ops) if each.name == op)
    return OpClass(int(bound.ops.op_class[bound.row_of[idx, 0]])).label.replace("_", " ")
