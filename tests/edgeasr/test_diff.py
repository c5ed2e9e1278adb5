"""`edgeasr diff`: what it prints, and how it answers what cannot be compared."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgeasr.cli.app import app
from tests.reports.diff.sides import run_folder

FLOAT, W8A8 = "whisper-micro,ethos-u85-1024", "whisper-micro,ethos-u85-1024,w8a8"
RUNNER = CliRunner()


def test_layers_as_data_on_stdout_and_the_totals_beside_it() -> None:
    done = RUNNER.invoke(app, ["diff", FLOAT, W8A8, "--format", "json"])
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert rows[0]["latency_change_s"] < 0
    assert "no longer: Ethos-U multiplies integers only" in rows[0]["because"]
    assert "whisper-micro float on ethos-u85-1024 -> whisper-micro w8a8 on ethos-u85-1024" in done.stderr


def test_two_recipes_of_one_run(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path / "run", (("ethos-u85-1024", "float", 0.05), ("ethos-u85-1024", "w8a8", 0.06))
    )
    words = ["diff", str(folder), str(folder), "--recipe", "float", "--recipe", "w8a8"]
    done = RUNNER.invoke(app, words)
    assert done.exit_code == 0
    assert "WER 5.0 % to 6.0 %".replace(" %", "\N{NO-BREAK SPACE}%") in done.stderr
    both = RUNNER.invoke(app, ["diff", str(folder), str(folder), "--by", "total", "--format", "json"])
    assert [row["latency_change_s"] for row in json.loads(both.stdout)] == [0.0, 0.0]
    ambiguous = RUNNER.invoke(app, ["diff", str(folder), str(folder)])
    assert ambiguous.exit_code == 2
    assert "2 estimates are on both sides" in ambiguous.stderr


def test_a_name_for_more_than_two_sides() -> None:
    done = RUNNER.invoke(app, ["diff", FLOAT, W8A8, *["--chip", "gap9"] * 3])
    assert done.exit_code == 2
    assert "--chip is given 3 times" in done.stderr


def test_what_is_nowhere_is_a_mistake(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgeasr.cli.app import main

    monkeypatch.setattr("sys.argv", ["edgeasr", "diff", "runs/none", W8A8])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1
