"""Where each op's operands live: the answer of `simulator.place`, read by the analytic models."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from hwmodels.op_table import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Placement:
    """Level indices of each row's operands, nearest level 0; all arrays have shape (chips, rows).

    `chips` is 1 where no size varies between the chips costed at once.
    """

    weight_level: Ints
    activation_level: Ints
    """Of the moving input, of what epilogues read, and of every result and second operand in no cache."""
    second_level: Ints
    output_level: Ints
    weights_resident: Bools
    """Whether all the network's weights stay in a level nearer than the one they are stored in."""
    excess_bytes: Floats
    """By how much what must exist at once exceeds the levels it is placed in; 0 where it fits."""
    excess_level: Ints
    """Index of the level in which most is missing; 0 where everything fits."""

    @staticmethod
    def joined(parts: "Sequence[Placement]") -> "Placement":
        """Return the placements of several tables as that of the joined table."""
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts], axis=1)
            for field in fields(Placement)
        }
        return Placement(**columns)
