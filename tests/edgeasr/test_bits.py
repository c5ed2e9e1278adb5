"""`edgeasr bits` from the command line: exit 3 with the nearest miss where no recipe meets the budget."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgeasr.cli.app import app

BASE = [
    "bits", "moonshine-micro", "--chip", "ethos-u85-256", "--formats", "w8a8,w4a8-g32", "--method", "rtn",
    "--limit", "2", "--confirm", "0",
]  # fmt: skip


def test_a_budget_out_of_reach_exits_with_3_and_says_what_to_relax(tmp_path: Path) -> None:
    words = [*BASE, "--budget", "latency_s=1us,packed_bytes=8MiB", "-o", str(tmp_path / "run")]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})  # narrower, words would be folded
    assert done.exit_code == 3
    assert "nearest miss" in done.stdout
    assert "no mixture of 2 formats meets the budget" in done.stderr
    assert "With latency_s=" in done.stderr
    assert not (tmp_path / "run" / "recipe.yaml").exists()
    assert (tmp_path / "run" / "report.html").exists()


def test_a_budget_out_of_every_chips_reach_exits_with_3(tmp_path: Path) -> None:
    words = [*BASE, "--budget", "packed_bytes=1kB", "-o", str(tmp_path / "run"), "--format", "csv"]
    at = words.index("--chip")
    words[at : at + 2] = ["--chips", "ethos-u85-256,gap9"]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert done.exit_code == 3
    assert "0 of 2 chips meet the budget." in done.stderr
    assert "chips answered: 2 of 2, gap9: missed, packed_bytes by" in done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["chip", "ethos-u85-256", "gap9"]
    assert (tmp_path / "run" / "chips.csv").read_text() == done.stdout


@pytest.mark.parametrize("also", [[], ["--chips", "gap9"]])
def test_one_of_chip_and_chips_is_wanted(also: list[str]) -> None:
    words = [
        "bits",
        "moonshine-micro",
        "--budget",
        "latency_s=1",
        *also,
        *(["--chip", "gap9"] if also else []),
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "either --chip NAME or --chips" in str(done.exception)
