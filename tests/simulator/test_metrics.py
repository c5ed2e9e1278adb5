import numpy as np
import pytest

from simulator.metrics import bops, bops_with_accumulator, packed_bytes
from tests.simulator.graphs import mlp, workload
from traces.formats import INT4_G32
from traces.workload import Phase


def test_bops_are_the_product_of_both_widths() -> None:
    assert bops(np.array([100.0]), np.array([4.0]), activation_bits=np.array([8.0])).tolist() == [3200.0]


def test_bops_with_accumulator_follow_baskin() -> None:
    # macs * (a*w + a + w + log2 k) for w=4, a=8, k=1024
    value = bops_with_accumulator(
        np.array([100.0]), np.array([4.0]), activation_bits=np.array([8.0]), k=np.array([1024.0])
    )
    assert value.tolist() == [100.0 * (32 + 8 + 4 + 10)]


def test_a_weight_shared_by_two_phases_is_packed_once() -> None:
    one = packed_bytes(workload(mlp(INT4_G32)))
    two = packed_bytes(workload(mlp(INT4_G32), mlp(INT4_G32, phase=Phase.PREFILL)))
    assert one == two == pytest.approx(2 * (64 * 32 * 4.5 / 8))
