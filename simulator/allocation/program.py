"""The mixed-integer program: x[l, f] in {0, 1}, one format f per layer l, and every budget a row.

Where neighbours that compute in different formats must convert what passes between them, a variable per pair
and way of computing is 1 if the second layer of the pair enters it, and carries the conversion's cost. Its
relaxation is as tight as paths through a chain. Solved by HiGHS (`scipy.optimize.milp`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.allocation.choices import Bools, Floats, Ints
from simulator.allocation.scaled import Scaled

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A choice (layers,), its objective, and what no choice's objective is below."""

    formats: Ints
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """Return how much less the objective could be, as a share of it."""
        return max(1.0 - self.bound / self.value, 0.0) if self.value > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Minimise objective @ x with one_each @ x = 1, at_most @ x <= room and 0 <= x <= upper.

    Columns: `layers` and `formats` of each open choice, then the pairs' variables, then the worst excess.
    """

    layers: Ints
    formats: Ints
    objective: Floats
    upper: Floats
    one_each: "sparse.csr_array"
    at_most: "sparse.csr_array"
    room: Floats


def program(choices: Scaled, open_: Bools, *, relaxed: Bools | None = None) -> Program:
    """Return the program over the open choices (layers, formats).

    With `relaxed` (budgets,) it minimises the worst excess over those budgets, as a share, and not damage.
    """
    from scipy import sparse

    layers, formats = np.nonzero(open_)
    n_choices, n_entered = len(layers), choices.n_codes if choices.change.any() else 0
    change = np.repeat(choices.change, n_entered, axis=1)
    n_columns = n_choices + change.shape[1] + 1
    enters = _enters(choices, layers, formats, n_columns)
    excess = np.zeros(len(choices.room)) if relaxed is None else -choices.limit * relaxed
    uses = sparse.csr_array(np.column_stack([choices.use[:, layers, formats], change, excess]))
    one_each = sparse.csr_array(
        (np.ones(n_choices), (layers, np.arange(n_choices))), shape=(len(open_), n_columns)
    )
    objective = np.zeros(n_columns)
    if relaxed is None:
        objective[:n_choices] = choices.damage[layers, formats]
    else:
        objective[-1] = 1.0
    upper = np.ones(n_columns)
    upper[-1] = 0.0 if relaxed is None else np.inf
    at_most = sparse.vstack([uses, enters], format="csr")
    room = np.concatenate([choices.room, np.zeros(enters.shape[0])])
    return Program(layers, formats, objective, upper, one_each, at_most, room)


def prices(of: Program, n_budgets: int) -> Floats | None:
    """Return what more room in each budget is worth with formats chosen in parts; None if none fit."""
    from scipy.optimize import linprog

    found = linprog(  # type: ignore[call-overload]  # its stub leaves out the sparse matrices that it takes
        of.objective,
        A_eq=of.one_each,
        b_eq=np.ones(of.one_each.shape[0]),
        A_ub=of.at_most,
        b_ub=of.room,
        bounds=np.column_stack([np.zeros(len(of.upper)), of.upper]),
        method="highs-ds",
    )
    return None if found.x is None else np.maximum(-found.ineqlin.marginals[:n_budgets], 0.0)


def solve(of: Program, *, time_limit_s: float) -> Answer | None:
    """Return the best choice found in time; None where there is none.

    Raises:
        TimeoutError: if the time is over before any was found, or shown not to exist.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    if time_limit_s <= 0:
        raise TimeoutError
    integrality = (np.arange(len(of.upper)) < len(of.layers)).astype(np.int64)
    found = milp(
        of.objective,
        constraints=[
            LinearConstraint(of.one_each, 1.0, 1.0),
            LinearConstraint(of.at_most, -np.inf, of.room),
        ],
        bounds=Bounds(0.0, of.upper),
        integrality=integrality,
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        if found.status == 1:
            raise TimeoutError
        return None
    n_layers = of.one_each.shape[0]
    weight = np.full((n_layers, int(of.formats.max()) + 1), -1.0)
    weight[of.layers, of.formats] = found.x[: len(of.layers)]
    bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
    return Answer(weight.argmax(axis=1).astype(np.int64), float(found.fun), float(bound))


def _enters(choices: Scaled, layers: Ints, formats: Ints, n_columns: int) -> "sparse.csr_array":
    """Return rows over choices and pairs that make a pair's variable 1 where its second layer enters a code.

    For every pair and code: [second computes as code] - [first computes as code] - variable <= 0.
    """
    from scipy import sparse

    n_choices, n_codes = len(layers), choices.n_codes
    n_pairs = n_columns - n_choices - 1
    if n_pairs == 0:
        return sparse.csr_array((0, n_columns))
    codes, columns = choices.codes[layers, formats], np.arange(n_choices)
    second, first = layers > 0, layers < choices.damage.shape[0] - 1
    pairs = np.arange(n_pairs)
    rows = [(layers[second] - 1) * n_codes + codes[second], layers[first] * n_codes + codes[first], pairs]
    values = [np.ones(second.sum()), -np.ones(first.sum()), -np.ones(n_pairs)]
    places = np.concatenate([columns[second], columns[first], n_choices + pairs])
    return sparse.csr_array(
        (np.concatenate(values), (np.concatenate(rows), places)), shape=(n_pairs, n_columns)
    )
