"""Many networks on one chip at once: bound once, joined to one table, costed in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import Interval
from hwmodels.model import cost, start_of_inference
from hwmodels.op_table import Floats, Ints, OpClass, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import NOMINAL
from hwmodels.terms import start_terms, terms
from simulator.bind import Network, bind
from simulator.metrics import count
from simulator.place import place
from simulator.stored import StoredWeights
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TENSOR
from traces.graph import Graph, Role
from traces.networks.store import INT16_TENSOR, Precision, load_network

FORMATS = tuple(sorted((FLOAT16, INT8_CHANNEL, INT8_TENSOR, INT16_TENSOR), key=lambda each: each.name))
"""Every format of every precision, so that tables of all networks join."""

Job = tuple[str, Precision]
"""A network of the catalogue in a precision."""


@dataclass(frozen=True, slots=True)
class Workpiece:
    """One bound network: its distinct rows, how often each occurs, (rows,), and its weights."""

    ops: OpTable
    runs: Ints
    weights: StoredWeights


@dataclass(frozen=True, slots=True)
class Work:
    """What a job amounts to on any chip; `io_bytes` is each operand of each op once, as stored."""

    macs: float
    bops: float
    io_bytes: float
    mix: str
    """`matrix-vector`, `attention`, `depthwise` or `dense`: the first that fits."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Latency and energy of each job: intervals of arrays (jobs,)."""

    latency_s: Interval
    energy_j: Interval


class Bench:
    """Jobs that are costed together, again and again, on chips that differ in their numbers."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.pieces = tuple(workpiece(*job) for job in jobs)
        self._joined = OpTable.joined([piece.ops for piece in self.pieces])
        self._runs = np.concatenate([piece.runs for piece in self.pieces])
        self._job_of = np.repeat(np.arange(len(jobs)), [piece.ops.n_rows for piece in self.pieces])
        self._weights = StoredWeights.joined([piece.weights for piece in self.pieces])
        lengths = [len(piece.weights.first) for piece in self.pieces]
        self._weights_until = np.cumsum(lengths)

    def predict(self, chip: Chip) -> Prediction:
        """Return what every job costs on a chip, starting it included."""
        found, start = cost(self._joined, self._placed(chip), chip), start_of_inference(chip)
        return Prediction(
            self._per_job(found.latency_s, start.latency_s), self._per_job(found.energy_j, start.energy_j)
        )

    def nominal_s(self, chip: Chip) -> Floats:
        """Return the nominal latency of every job on a chip, or on the many it stands for: (chips, jobs)."""
        rows_s = terms(self._joined, self._placed(chip), chip).latency_s[NOMINAL] * self._runs
        first = np.concatenate(([0], np.cumsum([piece.ops.n_rows for piece in self.pieces])[:-1]))
        jobs_s: Floats = np.add.reduceat(rows_s, first, axis=1) + start_terms(chip)[0][NOMINAL][:, None]
        return jobs_s

    def _placed(self, chip: Chip) -> Placement:
        beyond = np.split(self._weights.each_beyond_packed_bytes(chip), self._weights_until[:-1], axis=1)
        return Placement.joined(
            [
                place(piece.ops, chip, beyond_packed_bytes=mine.sum(axis=1, keepdims=True))
                for piece, mine in zip(self.pieces, beyond, strict=True)
            ]
        )

    def _per_job(self, rows: Interval, start: Interval) -> Interval:
        def total(values: Floats, once: Floats) -> Floats:
            summed = np.bincount(self._job_of, weights=values * self._runs, minlength=len(self.pieces))
            return np.asarray(summed + once, dtype=np.float64)

        return Interval(
            total(rows.low, start.low), total(rows.nominal, start.nominal), total(rows.high, start.high)
        )


@lru_cache(maxsize=256)
def workpiece(network: str, precision: Precision) -> Workpiece:
    """Return a network of the catalogue, bound."""
    graph = load_network(network, precision)
    bound = bind(graph, {}, phase_idx=0, network=network_of_graph(graph), formats=FORMATS)
    runs = np.bincount(bound.row_of.ravel(), minlength=bound.ops.n_rows)
    return Workpiece(bound.ops, runs, StoredWeights.of((bound,), bound.ops))


@lru_cache(maxsize=256)
def work(network: str, precision: Precision) -> Work:
    """Return what a network amounts to on any chip."""
    piece = workpiece(network, precision)
    counts = count(piece.ops)
    io_bytes = counts.weight_io_bytes + counts.kv_io_bytes + counts.activation_io_bytes
    return Work(
        macs=float(counts.macs @ piece.runs),
        bops=float(counts.bops @ piece.runs),
        io_bytes=float(io_bytes @ piece.runs),
        mix=_mix(piece),
    )


def _mix(piece: Workpiece) -> str:
    macs = piece.ops.macs * piece.runs
    if macs[piece.ops.op_class == OpClass.MATVEC].sum() > macs.sum() / 2:
        return "matrix-vector"
    if np.any(piece.ops.op_class == OpClass.ACTIVATION_PRODUCT):
        return "attention"
    return "depthwise" if np.any(piece.ops.op_class == OpClass.DEPTHWISE) else "dense"


def network_of_graph(graph: Graph) -> Network:
    """Return what ops must know of a network that is one graph."""
    stored = {
        role: sum(
            float(tensor.format.stored_bytes(tensor.rows.at({}), tensor.row_length.at({})))
            for tensor in graph.tensors
            if tensor.role is role and (role is not Role.KV or tensor.name in graph.inputs)
        )
        for role in Role
    }
    return Network(stored[Role.WEIGHT] + stored[Role.CONSTANT], stored[Role.KV])
