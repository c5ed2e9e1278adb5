"""Which transforms a rotated network does at run time. Needs no torch."""

from typing import Protocol


class OnlineChoices(Protocol):
    """What a method's settings say about Hadamard transforms at run time (arXiv 2405.16406, figure 1)."""

    @property
    def mlp_hadamard(self) -> bool:
        """R4: in front of every fc2."""

    @property
    def key_hadamard(self) -> bool:
        """R3: on queries and keys, where the recipe makes keys and values integers.

        It is done at run time only behind RoPE; elsewhere the projections take it.
        """
