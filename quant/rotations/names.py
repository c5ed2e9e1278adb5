"""What rotations are called inside a network; modules, graphs and recipes agree on it. Needs no torch."""

ROTATION = "rotation"
"""A d x d matrix in front of the module whose child it is."""

HADAMARD = "hadamard"
"""A Hadamard transform at run time, by its attribute in `quant.rotations.modules`; so are the next two."""
QUERY_HADAMARD = "query_hadamard"
KEY_HADAMARD = "key_hadamard"


def is_rotation(module: str) -> bool:
    """Whether a module's full name is that of a rotation, for which recipes need no rule."""
    return module.rpartition(".")[2] == ROTATION
