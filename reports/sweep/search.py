"""Looking for good points instead of costing all: optuna's samplers on the axes and objectives of a sweep.

Trials are asked for in batches, a batch is a chunk of the run folder, and each batch's sampler is seeded by
its number. So a search that was killed is replayed from the folder's chunks, and goes on to the same result.
"""

import logging
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np

from hwmodels.op_table import Floats
from reports.sweep.chunk import cost_chunk
from reports.sweep.config import Search
from reports.sweep.folder import SweepFolder
from reports.sweep.plan import Plan
from reports.sweep.points import MET, TASK, chunk_of, table_of
from simulator.sweep.axes import Axis, Choices
from simulator.sweep.costs import COLUMNS
from traces.errors import EdgeAsrError
from traces.executing import finished
from traces.progress import Progress

if TYPE_CHECKING:
    import pyarrow
    from optuna import Study, Trial
    from optuna.samplers import BaseSampler

WORST = 1e300
"""In place of an objective that is not known or not finite."""
JOBS = 16
"""Into how many jobs a batch is cut, so that an executor's processes share it."""


def search_points(
    plan: Plan, search: Search, *, folder: SweepFolder, progress: Progress, executor: Executor | None
) -> tuple[int, int]:
    """Search, going on from what the folder holds; return how many chunks and points there are.

    Raises:
        EdgeAsrError: if optuna is not installed, a point cannot be costed, or the executor is gone.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise EdgeAsrError("a search needs optuna; pip install 'edgeasr[search]'") from error
    optuna.logging.set_verbosity(logging.WARNING)
    study = optuna.create_study(directions=["minimize"] * len(plan.sweep.objectives))
    sizes = [min(search.batch, search.trials - start) for start in range(0, search.trials, search.batch)]
    for number, size in enumerate(sizes):
        progress(TASK, number, len(sizes))
        study.sampler = _sampler(search, number)
        trials = [study.ask() for _ in range(size)]
        points = np.array([[_suggested(trial, axis) for axis in plan.sweep.axes] for trial in trials])
        if not folder.holds(number):
            costs = _costs(plan, points, executor)
            folder.save(number, table_of(plan, number * search.batch, points=points, costs=costs))
        _tell(study, trials, folder.load(number), plan.sweep.objectives)
    progress(TASK, len(sizes), len(sizes))
    return len(sizes), search.trials


def _sampler(search: Search, number: int) -> "BaseSampler":
    import optuna

    seed = int(np.random.SeedSequence((search.seed, number)).generate_state(1)[0])
    if search.sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=search.batch, seed=seed)
    return optuna.samplers.TPESampler(seed=seed)


def _suggested(trial: "Trial", axis: Axis) -> float:
    """Return a coordinate on an axis: numbers in order as numbers, names as names."""
    if isinstance(axis, Choices):
        if all(isinstance(value, float) for value in axis.values):
            return float(trial.suggest_int(axis.name, 0, axis.n_values - 1))
        return float(trial.suggest_categorical(axis.name, range(axis.n_values)))
    if axis.whole:
        return float(trial.suggest_int(axis.name, int(axis.low), int(axis.high), log=axis.log))
    return float(trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log))


def _costs(plan: Plan, points: Floats, executor: Executor | None) -> dict[str, Floats]:
    parts = np.array_split(np.arange(len(points)), JOBS)
    jobs = [chunk_of(plan, number, points=points[rows]) for number, rows in enumerate(parts) if len(rows)]
    costs = {name: np.zeros(len(points)) for name in COLUMNS}
    for job, found in finished(cost_chunk, jobs, executor=executor):
        for name, values in found.items():
            costs[name][parts[job.number]] = values
    return costs


def _tell(study: "Study", trials: list["Trial"], table: "pyarrow.Table", objectives: tuple[str, ...]) -> None:
    values = np.column_stack([table.column(name).to_numpy() for name in objectives])
    values = np.where(np.isfinite(values), values, WORST)
    met = {name: table.column(name).to_pylist() for name in table.column_names if name.startswith(MET)}
    for row, (trial, told) in enumerate(zip(trials, values.tolist(), strict=True)):
        for name, held in met.items():
            trial.set_constraint(name, 0.0 if held[row] else 1.0)
        study.tell(trial, told)
