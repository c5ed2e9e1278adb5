"""The README's code runs, and the command reference is what the commands say of themselves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeasr.cli.reference import reference

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgeasr", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )


def python_block(idx: int) -> str:
    block: str = re.findall(r"```python\n(.*?)```", README, re.S)[idx]
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


def test_the_estimate_it_shows_is_what_the_command_says() -> None:
    command, shown = re.findall(r"```\n\$ edgeasr (estimate [^\n]*)\n\n(.*?)```", README, re.S)[0]
    table = run(*command.split()).stdout.replace("\N{NO-BREAK SPACE}", " ")
    said = dict(re.findall(r"^ (\w[\w ]*?)  +(\S.*?) *$", table, re.M))
    anew = "".join(f" {name:<15}  {said[name]}\n" for name in re.findall(r"^ (\w[\w ]*?)  ", shown, re.M))
    if os.environ.get("EDGEASR_REGENERATE"):
        (ROOT / "README.md").write_text(README.replace(shown, anew))
    assert shown == anew


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"^edgeasr (\w+)", README, re.M))
    known = set(re.findall(r"^## `edgeasr (\w+)", reference(), re.M))
    assert named
    assert named <= known


def test_the_command_reference_is_current() -> None:
    path = ROOT / "docs" / "commands.md"
    if os.environ.get("EDGEASR_REGENERATE"):
        path.write_text(reference())
    assert path.read_text() == reference()


def errors_of_the_validation_page() -> list[list[str]]:
    """The rows of all cases: latency, latency without any row of the chip, energy, predicted beforehand."""
    page = (ROOT / "docs" / "validation.md").read_text()
    return [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:6] == "| all "
    ]


def test_the_errors_it_quotes_are_those_of_the_validation_page() -> None:
    latency, _, _, before = errors_of_the_validation_page()
    text = " ".join(README.split())
    assert f"the mean error of latencies is {latency[7]} for networks left out of the fits" in text
    assert f"was {before[2]} for networks predicted before any of their rows were used" in text


def test_the_page_on_trust_quotes_the_validation_page() -> None:
    latency, without_chip, energy, before = errors_of_the_validation_page()
    text = " ".join((ROOT / "docs" / "trust.md").read_text().split())
    assert f"{latency[1]} measured latencies" in text
    assert f"the mean error is {latency[2]}, and {latency[7]} where all fits were made anew" in text
    assert f"it is {without_chip[2]} on the ten Hexagons" in text
    assert f"predicted before any of their rows were used, the mean error is {before[2]}" in text
    assert (
        f"Of {energy[1]} measured energies of boards the mean error is {energy[2]}, and {energy[5]} left out"
        in text
    )


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_the_readme_links_to_files_that_exist(link: str) -> None:
    assert (ROOT / link).exists()
