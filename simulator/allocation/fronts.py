"""The least cost through each choice with one budget kept exactly and the others at their prices.

Paths from the first layer, and from the last, are grown layer by layer; of those that meet in one place, only
those stay that nothing else undercuts in both cost and use (a Pareto front), and that can still end below a
ceiling. This bound knows, as prices do not, that whole formats seldom fill a budget to the brim, and rules
out most of what prices leave.
"""

from dataclasses import dataclass

import numpy as np

from simulator.allocation.chain import Chain, cheapest_after, cheapest_as
from simulator.allocation.choices import Floats

LONGEST = 2000
"""Paths kept per front. Of more, neighbours are merged to the better of each: still a bound, but weaker."""


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """Paths by rising use and falling cost: (paths,) each."""

    use: Floats
    cost: Floats

    def cheapest_within(self, room: Floats) -> Floats:
        """Return the least cost of a path that uses no more than each room, inf where none does."""
        last = np.searchsorted(self.use, room, side="right") - 1
        return np.append(self.cost, np.inf)[last]  # -1, where none does, is the last: inf


def cheapest_through_within(given: Chain, room: float, *, price: float, ceiling: float) -> Floats:
    """Return the cheapest path within room through each choice: (layers, formats), inf above a ceiling.

    price: of the budget kept apart. Any is right; the closer to its dual value, the fewer paths are grown.
    """
    top = ceiling - given.constant + price * room
    before = fronts(given, price=price, ceiling=top)
    after = fronts(given.reversed(), price=price, ceiling=top)[::-1]
    through = np.full(given.cost.shape, np.inf)
    for layer, format_ in zip(*np.nonzero(np.isfinite(given.cost)), strict=True):
        code = given.codes[layer, format_]
        first, rest = before[layer][code], after[layer][code]
        ends = first.cost + rest.cheapest_within(room - given.use[layer, format_] - first.use)
        through[layer, format_] = ends.min(initial=np.inf)
    return through + np.where(np.isfinite(given.cost), given.cost, 0.0) + given.constant


def fronts(given: Chain, *, price: float, ceiling: float) -> list[list[Front]]:
    """Return the paths that reach each layer, by the code it will compute as, before it takes a format.

    Left out are those whose cost, with their use at the price, cannot end within the ceiling.
    """
    priced = given.with_use_at(price)
    rest = cheapest_as(priced) + cheapest_after(priced)
    codes = range(given.n_codes)
    found = [[_thinned(np.zeros(1), np.zeros(1)) for _ in codes]]
    for layer in range(len(given.cost) - 1):
        left = [_grown(found[-1][code], given, layer, code) for code in codes]
        arriving = []
        for code in codes:
            steps = [0.0 if code == other else 1.0 for other in codes]
            use = np.concatenate(
                [p.use + s * given.change_use[layer] for p, s in zip(left, steps, strict=True)]
            )
            cost = np.concatenate(
                [p.cost + s * given.change_cost[layer] for p, s in zip(left, steps, strict=True)]
            )
            ends = cost + price * use + rest[layer + 1, code] <= ceiling
            arriving.append(_thinned(use[ends], cost[ends]))
        found.append(arriving)
    return found


def _grown(front: Front, given: Chain, layer: int, code: int) -> Front:
    """Return the paths after a layer took each of its open formats of one code, in no order."""
    taken = np.flatnonzero((given.codes[layer] == code) & np.isfinite(given.cost[layer]))
    return Front(
        np.add.outer(given.use[layer, taken], front.use).ravel(),
        np.add.outer(given.cost[layer, taken], front.cost).ravel(),
    )


def _thinned(use: Floats, cost: Floats) -> Front:
    """Return the front of some paths, merged where it is too long."""
    order = np.lexsort((cost, use))
    use, cost = use[order], cost[order]
    lowest = np.minimum.accumulate(cost)
    kept = np.ones(len(cost), dtype=bool)
    kept[1:] = cost[1:] < lowest[:-1]
    use, cost = use[kept], cost[kept]
    if len(use) > LONGEST:
        edges = np.linspace(0, len(use), LONGEST + 1).astype(np.int64)
        use, cost = use[edges[:-1]], cost[edges[1:] - 1]
    return Front(use, cost)
