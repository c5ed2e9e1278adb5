"""The page on sweeps shows a file that is ready to run, and names what there is."""

import re
from pathlib import Path

from reports.sweep.config import load_sweep
from reports.sweep.plan import feasible_points, plan_of
from simulator.sweep.costs import COLUMNS
from simulator.sweep.expression import FUNCTIONS
from simulator.sweep.parts import PARTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sweep.md").read_text()


def test_the_example_is_ready_to_run(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (tmp_path / "sweep.yaml").write_text(block)
    points, n_points = feasible_points(plan_of(load_sweep(tmp_path / "sweep.yaml")))
    assert 0 < len(points) < n_points == 2 * 2 * 6 * 2 * 3 * 4


def test_every_cost_function_and_part_is_named() -> None:
    for name in COLUMNS:
        plain = name.replace("_low", "").replace("_high", "")
        assert f"`{plain}`" in PAGE
    for function in FUNCTIONS:
        assert f"`{function}`" in PAGE
    for part in PARTS:
        assert f"{part}:" in PAGE
