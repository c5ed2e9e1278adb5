import pytest

from traces.errors import EdgeAsrError
from traces.faults import LONGEST_REASON, one_line


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("not a\n  number"), "not a number"),
        (OSError(2, "No such file"), "[Errno 2] No such file"),
        (KeyError("model"), "KeyError: 'model'"),
        (MemoryError(), "MemoryError"),
        (ValueError(" \n"), "ValueError"),
    ],
)
def test_any_exception_becomes_one_line(error: Exception, reason: str) -> None:
    with pytest.raises(EdgeAsrError) as caught, one_line("'x' cannot be read"):
        raise error
    assert str(caught.value) == f"'x' cannot be read: {reason}"
    assert caught.value.__cause__ is error


def test_the_remedy_comes_last() -> None:
    with pytest.raises(EdgeAsrError) as caught, one_line("'x' cannot be read", remedy="fetch it again"):
        raise ValueError("no")
    assert str(caught.value) == "'x' cannot be read: no; fetch it again"


def test_a_novel_is_cut() -> None:
    with pytest.raises(EdgeAsrError) as caught, one_line("x"):
        raise ValueError("a" * 10_000)
    assert str(caught.value) == f"x: {'a' * LONGEST_REASON}..."


def test_what_is_one_line_already_passes() -> None:
    said = EdgeAsrError("it has no rows")
    with pytest.raises(EdgeAsrError) as caught, one_line("x"):
        raise said
    assert caught.value is said


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, SystemExit])
def test_who_ends_the_program_is_not_held_up(error: type[BaseException]) -> None:
    with pytest.raises(error), one_line("x"):
        raise error
