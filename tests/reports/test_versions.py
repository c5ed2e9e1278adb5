import subprocess
import sys
from pathlib import Path

import pytest

from reports import versions
from reports.versions import COSTING_ROOMS, costing_code


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that stands for all that costs, whose digest is not remembered."""
    room = tmp_path / "a_costing_room"
    (room / "below").mkdir(parents=True)
    (room / "__init__.py").touch()
    (room / "below" / "formula.py").write_text("LATENCY_S = 1.0")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(versions, "COSTING_ROOMS", (room.name,))
    monkeypatch.setattr(versions, "costing_code", costing_code.__wrapped__)
    return room


def test_the_digest_is_of_what_the_code_says(room: Path) -> None:
    first = versions.costing_code()
    assert versions.costing_code() == first
    (room / "notes.txt").write_text("no code")
    assert versions.costing_code() == first
    (room / "below" / "formula.py").write_text("LATENCY_S = 2.0")
    changed = versions.costing_code()
    (room / "below" / "graph.json.gz").write_bytes(b"a graph")
    assert len({first, changed, versions.costing_code()}) == 3


def test_what_a_network_is_costed_with_is_in_it() -> None:
    loads = "import sys, simulator.estimate; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    ours = {"asr", "edgeasr", "hwmodels", "quant", "reports", "simulator", "traces"}
    assert ours & set(loaded.stdout.split()) == set(COSTING_ROOMS)
