"""Where each op's operands live: the answer of `simulator.place`, read by the analytic models."""

from dataclasses import dataclass

from hwmodels.op_table import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Placement:
    """Level indices of each row's operands, nearest level 0; all arrays have shape (rows,)."""

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
