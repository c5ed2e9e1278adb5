"""The same choices in numbers that solvers like: damages near one, budgets in thousandths of their limits."""

from dataclasses import dataclass

import numpy as np

from simulator.allocation.choices import MET, Bools, Choices, Floats, Ints

WHOLE = 1e3
"""A budget's limit. HiGHS lets a row be broken by 1e-6, which is then the share that `MET` allows."""

SLACK = WHOLE * (MET - 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """Choices as arrays, without the budgets that no choice can break.

    names: of the budgets. damage: (layers, formats), inf where impossible. use: (budgets, layers, formats),
    change: (budgets, layers - 1) and room: (budgets,), in thousandths of each limit; limit: (budgets,)
    is `WHOLE`, or less where a limit is not positive. codes: (layers, formats), from 0.
    """

    names: tuple[str, ...]
    damage: Floats
    use: Floats
    change: Floats
    room: Floats
    limit: Floats
    codes: Ints

    @property
    def possible(self) -> Bools:
        """Return which layer can take which format, by itself and within each budget: (layers, formats)."""
        finite = np.isfinite(self.damage)
        least = np.where(finite, self.use, np.inf).min(axis=2, keepdims=True)
        spare = self.room + SLACK - least.sum(axis=(1, 2))
        fits: Bools = (self.use - least <= spare[:, None, None]).all(axis=0)
        return finite & fits

    @property
    def n_codes(self) -> int:
        """Return how many ways of computing there are."""
        return int(self.codes.max()) + 1


def scaled(choices: Choices) -> Scaled:
    """Return the choices in scaled numbers."""
    n_layers, n_formats = choices.damage.shape
    finite = np.isfinite(choices.damage)
    budgets = choices.budgets
    scale = np.array([WHOLE / (abs(b.limit) or abs(b.use).max() or 1.0) for b in budgets])
    limit = np.array([b.limit for b in budgets]) * scale
    room = limit - np.array([b.fixed for b in budgets]) * scale
    use = np.array([b.use for b in budgets]).reshape(-1, n_layers, n_formats)
    use = np.where(finite, use, 0.0) * scale[:, None, None]
    change = np.zeros((len(budgets), n_layers - 1))
    codes = np.zeros((n_layers, n_formats), dtype=np.int64)
    if choices.computed_as is not None:
        for row, budget in zip(change, budgets, strict=True):
            row += 0.0 if budget.conversion is None else budget.conversion
        change *= scale[:, None]
        codes = np.unique(choices.computed_as, return_inverse=True)[1].reshape(n_layers, n_formats)
    most = np.where(finite, use, -np.inf).max(axis=2).sum(axis=1) + change.sum(axis=1)
    binds = most > room
    damage = choices.damage / (choices.damage[finite].mean() or 1.0)
    names = tuple(b.name for b, kept in zip(budgets, binds, strict=True) if kept)
    return Scaled(names, damage, use[binds], change[binds], room[binds], limit[binds], codes)
