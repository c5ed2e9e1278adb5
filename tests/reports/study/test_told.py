import json
from pathlib import Path

from reports.study.told import Listener, listening, telling


def test_what_is_told_is_heard_once(tmp_path: Path) -> None:
    with listening(tmp_path / "progress") as listener, telling(tmp_path / "progress") as tell:
        tell("a", 0, 2)
        tell("a", 2, 2, "error 0.1")
        assert list(listener.news()) == [("a", 0, 2, ""), ("a", 2, 2, "error 0.1")]
        tell("b", 1, 1)
        assert list(listener.news()) == [("b", 1, 1, "")]
        assert list(listener.news()) == []
    assert not (tmp_path / "progress").exists()


def test_steps_in_a_hurry_are_left_out_but_never_the_last(tmp_path: Path) -> None:
    with telling(tmp_path) as tell:
        for done in range(101):
            tell("fast", done, 100)
    heard = list(Listener(tmp_path).news())
    assert heard[0][1] == 0
    assert heard[-1][1] == 100
    assert len(heard) < 50


def test_half_a_line_waits(tmp_path: Path) -> None:
    file, line = tmp_path / "1.jsonl", json.dumps(["a", 1, 2, ""])
    listener = Listener(tmp_path)
    file.write_text(line[:5])
    assert list(listener.news()) == []
    file.write_text(f"{line}\n")
    assert list(listener.news()) == [("a", 1, 2, "")]
