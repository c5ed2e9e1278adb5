"""One recogniser under many recipes and on many chips: each network is bound once, and costed where asked."""

from dataclasses import dataclass, field

from hwmodels.chip import Chip
from quant.recipe import Recipe
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate_task
from simulator.many_chips import Task, task
from simulator.utterances import Utterance
from traces.workload import Workload

ROOM_BYTES = 2**29
"""What bound networks may take in all: some 150 of Moonshine-micro's over 256 utterances."""

NUMBER_BYTES = 8


@dataclass(slots=True, eq=False)
class Networks:
    """A float workload, the utterances it is to hear, and its networks under recipes as they are asked for.

    Binding a network has nothing of a chip in it and takes some twenty times as long as costing it on one.
    The first ones are kept while there is room: whoever goes from chip to chip asks for the same ones again.
    """

    workload: Workload
    utterances: tuple[Utterance, ...]
    room_bytes: int = ROOM_BYTES
    _known: dict[Recipe, tuple[Workload, Task]] = field(default_factory=dict)

    def estimate(self, recipe: Recipe, chip: Chip) -> Estimate:
        """Return what the network under a recipe costs on a chip.

        Raises:
            EdgeAsrError: if the recipe does not fit the workload, or the chip has neither a rate nor a
                fallback for an op.
        """
        workload, work = self._known.get(recipe) or self._bound(recipe)
        return estimate_task(work, workload, chip=chip, utterances=self.utterances)

    def _bound(self, recipe: Recipe) -> tuple[Workload, Task]:
        workload = annotated(self.workload, recipe)
        work = task(workload, self.utterances)
        size_bytes = _size_bytes(work)
        if size_bytes <= self.room_bytes:
            self.room_bytes -= size_bytes
            self._known[recipe] = workload, work
        return workload, work


def _size_bytes(work: Task) -> int:
    """Return about what a task takes in memory: its tables twice, joined and by phase, and their indices."""
    numbers = 2 * work.joined.n_rows * len(work.joined.__slots__)
    for _, bound, when in work.phases:
        numbers += bound.row_of.size + 2 * bound.visits.row_idx.size + 3 * when.point_idx.size
    return NUMBER_BYTES * numbers
