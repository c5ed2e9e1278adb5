"""What is done beside the product, and by whom: look-ups, the host, mixed rates; time and energy agree."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip, Family
from hwmodels.cost_table import CostTable
from hwmodels.lanes import Lanes
from hwmodels.model import cost
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.rate import Rate
from hwmodels.row_rates import row_rates
from hwmodels.unpack import touched_weights, unpacked
from simulator.place import place
from tests.hwmodels.chips import ROUND, number
from tests.hwmodels.tables import Row, dense, table
from traces.formats import FLOAT16, INT4_G32, INT8_TENSOR

VOCABULARY, WIDTH = 1000, 64
FAR = 1e9
GROUPED = replace(ROUND, fallbacks=(replace(ROUND.fallbacks[0], grouped=True), *ROUND.fallbacks))
"""Round numbers, and one scale per channel alone: look-ups of grouped weights are widened as well."""


def look_up(rows: int) -> OpTable:
    """Rows picked from a table of 1,000 by 64 weights of four bits."""
    ops = table(
        Row(OpClass.GATHER, rows, n=WIDTH, weight=INT4_G32),
        dense(4, 64, 8, INT4_G32),
        network_weight_bytes=FAR,
    )

    def of_the_look_up(value: float, column: Floats) -> Floats:
        return np.array([value, column[1]])

    return replace(
        ops,
        weight_elements=of_the_look_up(VOCABULARY * WIDTH, ops.weight_elements),
        weight_bytes=of_the_look_up(rows * (WIDTH / 2 + 2 * 2), ops.weight_bytes),
        macs=of_the_look_up(0.0, ops.macs),
    )


def costed(ops: OpTable, chip: Chip = GROUPED) -> CostTable:
    return cost(ops, place(ops, chip), chip)


def test_a_look_up_widens_the_rows_it_picks_and_not_the_table() -> None:
    assert touched_weights(look_up(3)).tolist() == [3 * WIDTH, 64 * 8]
    found = costed(look_up(3))
    assert found.unpack_s[0] == pytest.approx(3 * WIDTH / 2 * 1e-9)  # two weights a cycle
    assert found.unpack_s[1] == pytest.approx((64 * 8 / 2 + 4 * 8 * 2 / 5) * 1e-9)  # and two groups of k


def test_a_look_up_touches_no_more_than_the_table_has() -> None:
    assert touched_weights(look_up(2 * VOCABULARY))[0] == VOCABULARY * WIDTH


@pytest.mark.parametrize("family", ["mcu", "dsp"])
def test_what_is_widened_is_read_again_from_the_nearest_memory(family: Family) -> None:
    rows = 3
    widening, packed = (replace(chip, family=family) for chip in (GROUPED, ROUND))
    more = costed(look_up(rows), widening).level_bytes[0, 0] - costed(look_up(rows), packed).level_bytes[0, 0]
    assert more == rows * WIDTH


def test_unpacking_costs_a_step_each_in_energy() -> None:
    ops = look_up(3)
    found = unpacked(ops, row_rates(ops, GROUPED), GROUPED)
    assert found.widened.tolist() == [3 * WIDTH, 64 * 8]
    assert found.partial_sums.tolist() == [0, 4 * 8 * 2]
    steps = np.array([3 * WIDTH, 64 * 8 + 4 * 8 * 2])
    own_j = np.array([3 * WIDTH * 2e-12, 4 * 64 * 8 * 1e-12])
    assert costed(ops).mac_energy_j == pytest.approx(own_j + steps * 2e-12)
    free = replace(GROUPED, energy=replace(ROUND.energy, step_j=number(0.0)))
    assert costed(ops, free).mac_energy_j == pytest.approx([0.0, own_j[1]])


def test_casts_and_sums_of_their_own_cost_steps() -> None:
    ops = table(dense(4, 16, 8))
    rates = replace(row_rates(ops, ROUND), cast=np.array([True]))
    assert unpacked(ops, rates, ROUND).converted.tolist() == [4 * 16 + 4 * 8]
    unfused = replace(ROUND, tiling=replace(ROUND.tiling, fuses_sums=False))
    residual = replace(ops, epilogue_bytes=ops.output_bytes + 3.0)
    assert unpacked(residual, row_rates(ops, ROUND), unfused).added.tolist() == [4 * 8]
    assert unpacked(residual, row_rates(ops, ROUND), ROUND).added.tolist() == [0]
    more_j = costed(residual, unfused).mac_energy_j - costed(residual, ROUND).mac_energy_j
    assert more_j == pytest.approx(4 * 8 * 2e-12)


def test_functions_that_the_output_stage_lacks_cost_steps() -> None:
    ops = replace(table(dense(4, 16, 8)), function_steps=np.array([2.0 * 4 * 8]))
    unfused = replace(ROUND, tiling=replace(ROUND.tiling, fuses_functions=False))
    rates = row_rates(ops, ROUND)
    assert unpacked(ops, rates, unfused).applied.tolist() == [2 * 4 * 8]
    assert unpacked(ops, rates, ROUND).applied.tolist() == [0]
    assert unpacked(ops, replace(rates, on_host=np.array([True])), unfused).applied.tolist() == [0]
    more_s = costed(ops, unfused).unpack_s[0] - costed(ops, ROUND).unpack_s[0]
    assert more_s == pytest.approx(2 * 4 * 8 / 4 * 1e-9)  # four steps a cycle


def test_the_host_has_no_part_in_the_buffer_of_the_units() -> None:
    ops = table(dense(64, 64, 64, FLOAT16, FLOAT16))
    found = costed(ops)
    assert found.units[found.unit_idx[0]] == "host"
    assert found.level_bytes[0, 0] == 0
    assert found.memory_energy_j[0, 0] == 0
    assert found.level_bytes[0, 1] > 0


def test_the_host_reads_what_lives_in_the_nearest_memory_once() -> None:
    buffer, *others = ROUND.levels
    chip = replace(ROUND, levels=(replace(buffer, holds=("activations",)), *others))
    ops = table(dense(64, 64, 64, FLOAT16, FLOAT16))
    assert costed(ops, chip).level_bytes[0, 0] == 3 * 64 * 64 * 2


@pytest.mark.parametrize(
    "order", [(OpClass.ELEMENTWISE, OpClass.DENSE), (OpClass.DENSE, OpClass.ELEMENTWISE)]
)
def test_a_rate_of_products_and_vector_work_costs_macs_whichever_it_names_first(
    order: tuple[OpClass, ...],
) -> None:
    mixed = Rate("mixed", "array", order, "int8", "int8", number(64), number(2), None, None, Lanes(), None)
    chip = replace(ROUND, rates=(mixed, *ROUND.rates))
    work = Row(OpClass.ELEMENTWISE, 10, n=20, activation=INT8_TENSOR, steps=3, inputs=200)
    found = costed(table(dense(16, 32, 16), work), chip)
    assert found.mac_energy_j == pytest.approx([16 * 32 * 16 * 1e-12, 10 * 20 * 3 * 2e-12])
