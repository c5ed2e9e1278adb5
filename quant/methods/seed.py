"""Seeds of methods that draw at random."""

from traces.errors import EdgeAsrError

LARGEST = 2**63 - 1
"""What torch's generators take."""


def check_seed(method: str, seed: int) -> None:
    """Verify a seed.

    Raises:
        EdgeAsrError: if it is negative or has more than 63 bits.
    """
    if not 0 <= seed <= LARGEST:
        raise EdgeAsrError(f"{method}: seed is {seed}; write 0 to {LARGEST}")
