"""Many chips as one: a chip some of whose numbers vary, to be costed all at once."""

from collections.abc import Mapping

import numpy as np

from hwmodels.chip import Chip
from hwmodels.chosen import with_chosen
from hwmodels.op_table import Floats
from traces.errors import EdgeAsrError


def with_varied(chip: Chip, varied: Mapping[str, Floats]) -> Chip:
    """Return the chip with some numbers varied; what reads it sees as many chips as each takes values.

    `varied`: key path, as `choosable` lists it -> values in SI base units, (chips,).

    Raises:
        EdgeAsrError: if a path is none of the chip's (nearest ones offered), or paths differ in how many
            values they take.
    """
    lengths = {path: np.shape(values) for path, values in varied.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{path} {shape}" for path, shape in lengths.items())
        raise EdgeAsrError(f"chip {chip.name}: numbers vary over different counts: {counts}; give them alike")
    return with_chosen(chip, varied)
