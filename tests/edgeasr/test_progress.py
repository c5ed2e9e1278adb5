import pytest

from edgeasr.cli.progress import MOST_ENDED, progress_bars


def test_old_bars_go_out_of_sight(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes rich take what pytest captures for a terminal
    with progress_bars() as progress:
        progress("under way", 1, 3)
        for idx in range(100, 140):
            progress(f"task {idx}", 0, 1)
            progress(f"task {idx}", 1, 1)
    last_frame = capsys.readouterr().err.rpartition("\x1b[2K")[2]
    shown = [line.split(" ")[1] for line in last_frame.splitlines() if line.startswith("task")]
    assert shown == [str(idx) for idx in range(140 - MOST_ENDED, 140)]
    assert last_frame.startswith("under way")


def test_without_a_terminal_ended_tasks_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as progress:
        progress("a", 0, 2)
        progress("a", 1, 2, "error 0.1")
        progress("a", 2, 2)
        progress("a", 2, 2)
    assert capsys.readouterr().err.splitlines() == ["a: 1 of 2, error 0.1", "a: done (2)"]
