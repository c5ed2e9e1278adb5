"""What a product's epilogues take beyond an output stage that scales, adds and clamps each result once.

Such a stage turns sums into results: a bias and constant factors fold into its scale and offset, and a clamp
into the range it saturates at. Everything else, and whatever follows it, reads the result again.
"""

from collections.abc import Set

from simulator.vector_steps import steps
from traces.graph import Op

FOLDED = frozenset({"bias", "scale", "mul", "add", "sub", "div"})
"""What folds into the scale and offset of a result where its operand, if any, is a constant."""
CLAMPS = frozenset({"relu", "relu6", "hardtanh", "clamp"})


def function_steps(op: Op, *, constant: Set[str], as_large: Set[str]) -> int:
    """Return the vector steps per element of the epilogues that the output stage leaves to be done.

    `constant` names operands known before anything runs, `as_large` those as large as the result: adding
    these is no function of it, and counted by whoever adds them.
    """
    found, in_stage = 0, True
    for epilogue in op.epilogues:
        if epilogue.function in CLAMPS or epilogue.operand in as_large:
            in_stage = False
        elif in_stage and epilogue.function in FOLDED and epilogue.operand in {None, *constant}:
            pass
        else:
            found, in_stage = found + steps(epilogue.function, op=op), False
    return found
