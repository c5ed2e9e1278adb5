"""pytest-benchmark's `pedantic`, with types."""

from collections.abc import Callable
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

_T = TypeVar("_T")


def pedantic(
    benchmark: BenchmarkFixture, call: Callable[[], _T], *, rounds: int = 1, warmup_rounds: int = 0
) -> _T:
    """Run a call so many times, and return what it gave."""
    found: _T = benchmark.pedantic(  # type: ignore[no-untyped-call]  # pytest-benchmark leaves it untyped
        call, rounds=rounds, warmup_rounds=warmup_rounds
    )
    return found
