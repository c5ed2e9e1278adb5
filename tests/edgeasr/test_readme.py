"""The README's code runs, and the command reference is what the commands say of themselves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeasr.cli.reference import reference

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgeasr", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )


def python_block(idx: int) -> str:
    block: str = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[idx]
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def test_the_python_example_runs() -> None:
    printed = python_block(0)
    assert "nominal" in printed
    assert "decode" in printed


def test_a_network_of_the_readers_own_is_costed() -> None:
    latency_s, energy_j = (float(word) for word in python_block(1).split())
    assert 1e-4 < latency_s < 1e-1
    assert energy_j > 0


def test_every_command_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"^edgeasr (\w+)", text, re.M))
    known = set(re.findall(r"^## `edgeasr (\w+)", reference(), re.M))
    assert named
    assert named <= known


def test_the_command_reference_is_current() -> None:
    path = ROOT / "docs" / "commands.md"
    if os.environ.get("EDGEASR_REGENERATE"):
        path.write_text(reference())
    assert path.read_text() == reference()


def test_the_errors_it_quotes_are_those_of_the_validation_page() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    page = (ROOT / "docs" / "validation.md").read_text()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:6] == "| all "
    ]
    latency, without_chip, energy, before = rows
    assert f"{latency[1]} measured latencies" in text
    assert f"the mean error is {latency[2]}, and {latency[7]} where all fits were made anew" in text
    assert f"it is {without_chip[2]} on the ten Hexagons" in text
    assert f"predicted before any of their rows were used, the mean error is {before[2]}" in text
    assert (
        f"Of {energy[1]} measured energies of boards the mean error is {energy[2]}, and {energy[5]} left out"
        in text
    )


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text()))))
def test_the_readme_links_to_files_that_exist(link: str) -> None:
    assert (ROOT / link).exists()
