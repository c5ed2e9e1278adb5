"""What is promised of the rooms: imports point one way, light rooms stay light, the wheel holds them."""

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("traces", "hwmodels", "quant", "simulator", "asr", "reports", "edgeasr")
MAY_IMPORT = {
    "traces": {"traces"},
    "hwmodels": {"hwmodels", "traces"},
    "quant": {"quant", "traces"},
    "simulator": {"simulator", "hwmodels", "quant", "traces"},
    "asr": {"asr", "quant", "traces"},
    "reports": {"reports", "asr", "simulator", "hwmodels", "quant", "traces"},
    "edgeasr": set(ROOMS),
}
NEVER = {"torch", "transformers", "matplotlib"}
"""What neither hwmodels nor simulator may import, not even inside a function."""


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for module in imported_modules(path)
        if module.split(".")[0] in ROOMS and module.split(".")[0] not in MAY_IMPORT[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ["hwmodels", "simulator"])
def test_cost_rooms_never_name_a_heavy_library(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for module in imported_modules(path)
        if module.split(".")[0] in NEVER
    ]
    assert wrong == []


def test_costing_a_stored_graph_loads_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "from edgeasr import Utterance, estimate, load_chip, load_recipe, load_workload\n"
        "from simulator.annotate import annotated\n"
        "network = annotated(load_workload('whisper-tiny.en'), load_recipe('w8a8'))\n"
        "estimate(network, load_chip('ethos-u85-1024'), utterances=(Utterance(5.0, 20),))\n"
        f"print(sorted({NEVER | {'pandas', 'pyarrow', 'plotly', 'sympy', 'scipy'}!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_the_wheel_holds_the_rooms_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert top == set(ROOMS)
    for asset in ("asr/bundled/models/whisper-micro/model.safetensors", "hwmodels/chips/", "traces/stored/"):
        assert any(name.startswith(asset) for name in names), asset
