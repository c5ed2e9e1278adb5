"""Layers in a row, each format at a price: the cheapest choice through each (layer, format), in linear time.

With a price on what budgets are used, the program separates into a chain in which only neighbours meet, and
its cheapest path is a lower bound on the damage of every choice within the budgets (Lagrange relaxation).
"""

from dataclasses import dataclass

import numpy as np

from simulator.allocation.choices import Bools, Floats, Ints
from simulator.allocation.scaled import Scaled


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A cost per choice and change, of which one budget is kept apart: its `use` is not in `cost`.

    cost, use and codes: (layers, formats); cost is inf where a choice is closed. change_cost and change_use:
    (layers - 1,). A path costs `constant` more than its choices and changes.
    """

    cost: Floats
    use: Floats
    codes: Ints
    n_codes: int
    change_cost: Floats
    change_use: Floats
    constant: float

    def reversed(self) -> "Chain":
        """Return the chain from its last layer to its first."""
        return Chain(
            self.cost[::-1],
            self.use[::-1],
            self.codes[::-1],
            self.n_codes,
            self.change_cost[::-1],
            self.change_use[::-1],
            self.constant,
        )

    def with_use_at(self, price: float) -> "Chain":
        """Return the chain with the budget kept apart at a price, too; its room is not counted."""
        return Chain(
            self.cost + price * self.use,
            np.zeros_like(self.use),
            self.codes,
            self.n_codes,
            self.change_cost + price * self.change_use,
            np.zeros_like(self.change_use),
            self.constant,
        )


def chain(choices: Scaled, prices: Floats, *, open_: Bools, apart: int | None = None) -> Chain:
    """Return the open choices with all budgets at their prices (budgets,) but one, that may be kept apart."""
    kept = np.zeros(len(prices)) if apart is None else np.eye(len(prices))[apart]
    priced = prices * (1.0 - kept)
    return Chain(
        np.where(open_, choices.damage + np.tensordot(priced, choices.use, axes=1), np.inf),
        np.tensordot(kept, choices.use, axes=1),
        choices.codes,
        choices.n_codes,
        priced @ choices.change,
        kept @ choices.change,
        -float(priced @ choices.room),
    )


def cheapest_after(given: Chain) -> Floats:
    """Return the least cost of all layers after each, by the code that it computes as: (layers, codes)."""
    least = cheapest_as(given)
    after = np.zeros_like(least)
    for layer in range(len(least) - 2, -1, -1):
        onward = after[layer + 1] + least[layer + 1]
        after[layer] = np.minimum(onward, onward.min() + given.change_cost[layer])
    return after


def cheapest_as(given: Chain) -> Floats:
    """Return the least cost of each layer alone, by the code that it computes as: (layers, codes)."""
    return np.stack(
        [np.where(given.codes == code, given.cost, np.inf).min(axis=1) for code in range(given.n_codes)],
        axis=1,
    )


def cheapest_through(given: Chain) -> Floats:
    """Return the least cost of a whole path through each choice: (layers, formats)."""
    around = cheapest_after(given) + cheapest_after(given.reversed())[::-1]
    through: Floats = given.cost + np.take_along_axis(around, given.codes, axis=1) + given.constant
    return through
