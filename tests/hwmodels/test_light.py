"""The models stay light: what an estimate imports, and how many rows it takes at once."""

import subprocess
import sys
import time

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import OpClass
from simulator.place import place
from tests.hwmodels.tables import attend, dense, table, vector

HEAVY = ("torch", "pandas", "scipy", "matplotlib", "pydantic", "yaml")


def test_importing_the_models_imports_nothing_heavy() -> None:
    code = (
        "import sys; import hwmodels.model, hwmodels.chip_file, simulator.place; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["ethos-u85-1024", "nucleo-h7a3zi", "hifi5-dsp"])
def test_twenty_thousand_rows_take_less_than_a_second(name: str) -> None:
    chip = load_chip(name)
    few = table(
        dense(1500, 384, 384),
        attend(6, 1500, 64, 1500),
        dense(1, 384, 1536),
        vector(OpClass.SOFTMAX, 9000, 1500, 4),
        attend(6, 1, 64, 200, cached=True),
        network_weight_bytes=1e8,
    )
    many = few.take(np.arange(20_000) % few.n_rows)
    started = time.process_time()
    found = cost(many, place(many, chip), chip)
    assert time.process_time() - started < 1.0
    assert found.latency_s.nominal[0] == found.latency_s.nominal[few.n_rows]
