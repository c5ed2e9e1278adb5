"""What the points of a block cost."""

from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats
from quant.recipe import Recipe
from simulator.annotate import in_formats
from simulator.many_chips import Task, cost_on_variants, task
from simulator.metrics import packed_bytes
from simulator.sweep.parts import PartFormat, with_parts
from simulator.sweep.space import Block
from simulator.utterances import Utterance
from traces.workload import Workload

COLUMNS = (
    "latency_s",
    "latency_low_s",
    "latency_high_s",
    "energy_j",
    "energy_low_j",
    "energy_high_j",
    "excess_bytes",
    "packed_bytes",
    "peak_activation_bytes",
)
"""What is known of every point. Latency is until the whole batch is done, energy is per utterance."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a recogniser has to do for a block, whatever the chip."""

    task: Task
    packed_bytes: float
    peak_activation_bytes: float


def work_of(
    workload: Workload, recipe: Recipe, *, parts: tuple[PartFormat, ...], utterance: Utterance
) -> Work:
    """Return the work of one utterance, or batch, of a float workload under a recipe with changed parts.

    Raises:
        EdgeAsrError: if the recipe or a part does not fit the network.
    """
    network = in_formats(workload, with_parts(recipe, workload, parts=parts))
    bound = task(network, (utterance,))
    return Work(bound, packed_bytes(network), float(bound.joined.live_bytes.max()))


def block_costs(work: Work, block: Block) -> dict[str, Floats]:
    """Return what each point of a block costs: `COLUMNS`, each (rows,).

    Raises:
        EdgeAsrError: if the chip can neither run an op nor fall back.
    """
    found = cost_on_variants(work.task, block.chip, varied=block.varied)
    batch = float(block.utterance.batch)
    values = (
        found.latency_s.nominal,
        found.latency_s.low,
        found.latency_s.high,
        found.energy_j.nominal / batch,
        found.energy_j.low / batch,
        found.energy_j.high / batch,
        found.excess_bytes,
        np.array(work.packed_bytes),
        np.array(work.peak_activation_bytes),
    )
    n_rows = len(block.rows)
    return {name: np.broadcast_to(value, n_rows) for name, value in zip(COLUMNS, values, strict=True)}
