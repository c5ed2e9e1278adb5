"""Which format each layer gets within budgets: a mixed-integer linear program, solved to proven optimality.

Choose x[l, f] in {0, 1}, one format f per layer l, to minimise the summed damage to accuracy, so that every
budget holds. Budgets are linear in x: latency, energy and packed bytes are sums over layers; a peak of memory
is one budget per moment. Where neighbours that compute in different formats must convert what passes between
them, a variable per pair of neighbours is 1 if they differ and carries the conversion's cost. Solved by HiGHS
(`scipy.optimize.milp`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Budget:
    """At most `limit` of one quantity.

    use: (layers, formats), what a layer takes in a format; `fixed` is what everything else takes. conversion:
    (layers - 1,), what it takes to convert between a layer and the next, or None where that is free.
    """

    name: str
    limit: float
    use: Floats
    fixed: float = 0.0
    conversion: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What is to be chosen from.

    damage: (layers, formats), inf where a layer cannot take a format. computed_as: (layers, formats)
    codes; neighbours of different codes convert.
    """

    damage: Floats
    budgets: tuple[Budget, ...]
    computed_as: Ints | None = None

    def __post_init__(self) -> None:
        shape = self.damage.shape
        for budget in self.budgets:
            if budget.use.shape != shape:
                raise EdgeAsrError(
                    f"budget {budget.name}: uses have shape {budget.use.shape}, damage {shape}"
                )
        if not np.isfinite(self.damage).any(axis=1).all():
            layer = int(np.argmin(np.isfinite(self.damage).any(axis=1)))
            raise EdgeAsrError(f"layer {layer} can take none of the formats; give it one")


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """A choice: format index per layer (layers,), its summed damage, and what it uses of each budget.

    The least possible damage lies no more than `gap` (a share of `damage`) below. `is_feasible` is false for
    a nearest miss, whose worst excess over any budget, as a share of it, is the least possible.
    """

    formats: Ints
    damage: float
    used: tuple[float, ...]
    gap: float
    is_feasible: bool


def allocate(choices: Choices, *, time_limit_s: float = 60.0) -> Allocation:
    """Return the least damaging choice within all budgets, or the nearest miss where there is none.

    Raises:
        EdgeAsrError: if the solver finds nothing within its time.
    """
    found = _solve(choices, time_limit_s=time_limit_s)
    if found is not None:
        return found
    missed = _solve(choices, relaxed=_names(choices), time_limit_s=time_limit_s)
    if missed is None:
        raise EdgeAsrError(f"no allocation was found within {time_limit_s:g} s; give it more time")
    return missed


def next_best(
    choices: Choices, known: Sequence[Ints], *, changes: int, time_limit_s: float = 60.0
) -> Allocation | None:
    """Return the least damaging choice within all budgets that differs from each known one in some layers.

    `changes` is in how many at least. None where there is none.
    """
    return _solve(choices, unlike=tuple(known), changes=changes, time_limit_s=time_limit_s)


def least_excess(choices: Choices, name: str, *, time_limit_s: float = 60.0) -> Allocation | None:
    """Return the choice that exceeds the budgets of one name least, all others met; None if those cannot be.

    Where budgets can be met, an allocation that meets them.
    """
    return _solve(choices, relaxed=frozenset((name,)), time_limit_s=time_limit_s)


def used(choices: Choices, formats: Ints) -> tuple[float, ...]:
    """Return what a choice uses of each budget, conversions included."""
    layers = np.arange(len(formats))
    totals = []
    for budget in choices.budgets:
        total = budget.fixed + float(budget.use[layers, formats].sum())
        if budget.conversion is not None and choices.computed_as is not None:
            codes = choices.computed_as[layers, formats]
            total += float(budget.conversion[codes[1:] != codes[:-1]].sum())
        totals.append(total)
    return tuple(totals)


def _names(choices: Choices) -> frozenset[str]:
    return frozenset(budget.name for budget in choices.budgets)


def _solve(
    choices: Choices,
    *,
    relaxed: frozenset[str] = frozenset(),
    unlike: tuple[Ints, ...] = (),
    changes: int = 0,
    time_limit_s: float,
) -> Allocation | None:
    """Return the best choice; or that whose worst relative excess over the relaxed budgets is least."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    n_layers, n_formats = choices.damage.shape
    n_choices = n_layers * n_formats
    n_pairs = n_layers - 1 if _converts(choices) else 0
    excess = n_choices + n_pairs  # the column of the relaxed problem's worst relative excess
    n_columns = excess + 1
    possible = np.isfinite(choices.damage).ravel()
    constraints = [LinearConstraint(_one_each(n_layers, n_formats, n_columns), 1.0, 1.0)]
    if n_pairs:
        constraints.append(LinearConstraint(_differences(choices, n_columns), -np.inf, 0.0))
    for budget in choices.budgets:
        row = np.zeros(n_columns)
        row[:n_choices] = np.where(possible, budget.use.ravel(), 0.0)
        if n_pairs and budget.conversion is not None:
            row[n_choices:excess] = budget.conversion
        if budget.name in relaxed:
            row[excess] = -budget.limit
        # Each row in shares of its budget: bytes and seconds side by side are badly scaled.
        scale = max(abs(budget.limit), 1e-300)
        constraints.append(LinearConstraint(row / scale, -np.inf, (budget.limit - budget.fixed) / scale))
    for formats in unlike:
        row = np.zeros(n_columns)
        row[np.arange(n_layers) * n_formats + formats] = 1.0
        constraints.append(LinearConstraint(row, -np.inf, float(n_layers - changes)))
    objective = np.zeros(n_columns)
    if relaxed:
        objective[excess] = 1.0
    else:
        # HiGHS stops at an absolute gap of 1e-6: damages are made large against that.
        damage = np.where(possible, choices.damage.ravel(), 0.0)
        objective[:n_choices] = damage / (damage.mean() or 1.0)
    upper = np.concatenate([possible.astype(float), np.ones(n_pairs), [np.inf if relaxed else 0.0]])
    integrality = np.concatenate([np.ones(n_choices), np.zeros(n_pairs + 1)])
    result = milp(
        objective,
        constraints=constraints,
        bounds=Bounds(0.0, upper),
        integrality=integrality,
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    chosen = result.x[:n_choices].reshape(n_layers, n_formats).argmax(axis=1).astype(np.int64)
    summed = float(choices.damage[np.arange(n_layers), chosen].sum())
    totals = used(choices, chosen)
    return Allocation(chosen, summed, totals, float(result.mip_gap or 0.0), is_feasible=not relaxed)


def _converts(choices: Choices) -> bool:
    return choices.computed_as is not None and any(
        budget.conversion is not None for budget in choices.budgets
    )


def _one_each(n_layers: int, n_formats: int, n_columns: int) -> "sparse.csr_array":
    from scipy import sparse

    rows = np.repeat(np.arange(n_layers), n_formats)
    columns = np.arange(n_layers * n_formats)
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(n_layers, n_columns))


def _differences(choices: Choices, n_columns: int) -> "sparse.csr_array":
    """Return rows that force pair l's variable up to 1 where layers l and l + 1 compute as different codes.

    For every code c: [l computes as c] - [l + 1 computes as c] - pair(l) <= 0.
    """
    from scipy import sparse

    computed_as = choices.computed_as if choices.computed_as is not None else np.zeros((0, 0), dtype=np.int64)
    n_layers, n_formats = computed_as.shape
    rows, columns, values = [], [], []
    n_rows = 0
    for layer in range(n_layers - 1):
        for code in np.union1d(computed_as[layer], computed_as[layer + 1]):
            for position, sign in ((layer, 1.0), (layer + 1, -1.0)):
                members = np.flatnonzero(computed_as[position] == code) + position * n_formats
                rows += [n_rows] * len(members)
                columns += members.tolist()
                values += [sign] * len(members)
            rows.append(n_rows)
            columns.append(n_layers * n_formats + layer)
            values.append(-1.0)
            n_rows += 1
    return sparse.csr_array((values, (rows, columns)), shape=(n_rows, n_columns))
