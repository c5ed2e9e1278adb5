"""Exposed terms against the two overlap rules, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodels.cost_table import BoundBy, CostTable, Interval
from reports.exposed import COMPUTE, HOST, OVERHEAD, UNPACK, exposed_terms, term_names

LEVELS = ("sram", "flash")


def one_op(
    latency_s: float, compute_s: float, unpack_s: float, overhead_s: float, transfer_s: tuple[float, float]
) -> CostTable:
    column, code = np.array([0.0]), np.array([0])
    latency = np.array([latency_s])
    return CostTable(
        chip="toy",
        units=("core",),
        levels=LEVELS,
        notes=("",),
        phase_idx=code,
        op_idx=code,
        unit_idx=code,
        note_idx=code,
        utilisation=column,
        compute_s=np.array([compute_s]),
        transfer_s=np.array([transfer_s]),
        exposed_s=np.zeros((1, 2)),
        unpack_s=np.array([unpack_s]),
        overhead_s=np.array([overhead_s]),
        latency_s=Interval(latency, latency, latency),
        level_bytes=np.zeros((1, 2)),
        mac_energy_j=column,
        memory_energy_j=np.zeros((1, 2)),
        host_energy_j=column,
        static_energy_j=column,
        energy_j=Interval(column, column, column),
        bound_by=np.array([int(BoundBy.COMPUTE)]),
        fits=np.array([True]),
        excess_bytes=column,
        excess_level=code,
    )


def test_names_match_columns() -> None:
    cost = one_op(1.0, 1.0, 0.0, 0.0, (0.0, 0.0))
    assert len(term_names(cost)) == exposed_terms(cost).shape[1] == 6


def test_where_nothing_overlaps_every_term_shows_in_full() -> None:
    terms = exposed_terms(one_op(15.0, 4.0, 3.0, 1.0, (5.0, 2.0)))
    assert terms.tolist() == [[4.0, 0.0, 3.0, 1.0, 5.0, 2.0]]


def test_where_all_overlaps_the_longest_hides_the_rest() -> None:
    terms = exposed_terms(one_op(8.0, 4.0, 3.0, 1.0, (7.0, 2.0)))
    assert terms.tolist() == [[0.0, 0.0, 0.0, 1.0, 7.0, 0.0]]


def test_unexplained_time_counts_for_the_longest_term() -> None:
    terms = exposed_terms(one_op(12.0, 4.0, 3.0, 1.0, (0.0, 0.0)))
    assert terms[0, COMPUTE] == pytest.approx(8.0)
    assert (terms[0, UNPACK], terms[0, OVERHEAD]) == (3.0, 1.0)


def test_the_host_computes_under_its_own_name() -> None:
    cost = replace(one_op(5.0, 4.0, 0.0, 1.0, (0.0, 0.0)), bound_by=np.array([int(BoundBy.HOST)]))
    terms = exposed_terms(cost)
    assert (terms[0, COMPUTE], terms[0, HOST]) == (0.0, 4.0)


seconds = st.floats(min_value=0.0, max_value=10.0)


@given(seconds, seconds, seconds, seconds, seconds, seconds)
def test_parts_sum_to_the_latency_and_none_is_negative(
    latency_s: float, compute_s: float, unpack_s: float, overhead_s: float, sram_s: float, flash_s: float
) -> None:
    terms = exposed_terms(one_op(latency_s, compute_s, unpack_s, overhead_s, (sram_s, flash_s)))
    assert terms.sum() == pytest.approx(latency_s)
    assert (terms >= -1e-12).all()
