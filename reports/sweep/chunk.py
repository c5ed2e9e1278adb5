"""The job of a sweep: some points costed, a pure function of plain values that any process can do."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwmodels.op_table import Floats
from quant.recipe import Recipe
from reports.workloads import find_workload
from simulator.sweep.costs import COLUMNS, Work, block_costs, work_of
from simulator.sweep.parts import PartFormat
from simulator.sweep.space import Block
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError
from traces.workload import Workload

MOST_WORKLOADS = 8
MOST_WORKS = 64
"""How many a process keeps; neighbouring chunks share them."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive points of a sweep, by number, as blocks of like work."""

    number: int
    n_points: int
    blocks: tuple[Block, ...]


def cost_chunk(chunk: Chunk) -> dict[str, Floats]:
    """Return what the points of a chunk cost: `COLUMNS`, each (points,).

    Raises:
        EdgeAsrError: naming the model, recipe and chip that do not go together, and why.
    """
    found = {name: np.zeros(chunk.n_points) for name in COLUMNS}
    for block in chunk.blocks:
        try:
            work = _work(block.model, block.recipe, block.parts, block.utterance)
            for name, values in block_costs(work, block).items():
                found[name][block.rows] = values
        except EdgeAsrError as error:
            where = f"{block.model} in {block.recipe.name} on {block.chip.name}"
            raise EdgeAsrError(f"{where}: {error}") from error
    return found


@lru_cache(MOST_WORKS)
def _work(model: str, recipe: Recipe, parts: tuple[PartFormat, ...], utterance: Utterance) -> Work:
    return work_of(_workload(model), recipe, parts=parts, utterance=utterance)


@lru_cache(MOST_WORKLOADS)
def _workload(model: str) -> Workload:
    return find_workload(model)
