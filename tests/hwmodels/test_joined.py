"""What joining costs, and what weights of a single row get of a memory's bandwidth."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import Floats, OpClass
from simulator.place import place
from simulator.validation.bench import workpiece
from tests.hwmodels.chips import ROUND, number
from tests.hwmodels.tables import dense, table
from traces.networks.store import Precision

CHIP = load_chip("hexagon-htp-v75")


APART = replace(CHIP, tiling=replace(CHIP.tiling, joins_in_place=False))


def joining_s(chip: Chip, network: str, precision: Precision) -> Floats:
    """Return what each distinct concatenation of several tensors takes."""
    ops = workpiece(network, precision).ops
    joins = (ops.op_class == OpClass.LAYOUT) & (ops.second_bytes > 0)
    found: Floats = cost(ops, place(ops, chip), chip).latency_s.nominal[joins]
    return found


@pytest.mark.parametrize("precision", [Precision.FLOAT, Precision.W8A8])
def test_what_a_join_alone_reads_is_written_to_its_place(precision: Precision) -> None:
    found = joining_s(CHIP, "googlenet", precision)
    assert len(found)
    assert np.all(found == 0)
    assert np.all(joining_s(APART, "googlenet", precision) > 0)


def test_integers_that_several_ops_read_are_copied_where_they_are_joined() -> None:
    in_place, copied = (joining_s(chip, "densenet-121", Precision.W8A8) for chip in (CHIP, APART))
    assert np.all(in_place > 0)
    assert np.all(in_place <= copied)
    assert in_place.sum() < copied.sum()  # the last layer of a block is read by one join
    assert np.all(joining_s(CHIP, "densenet-121", Precision.FLOAT) == 0)


def test_weights_of_a_single_row_get_a_share_of_the_bandwidth() -> None:
    ops = table(dense(1, 512, 512), dense(2, 512, 512), network_weight_bytes=1e6)
    far = ROUND.levels[2]
    shared = replace(ROUND, levels=(*ROUND.levels[:2], replace(far, matvec_share=number(0.5))))
    before, after = (cost(ops, place(ops, chip), chip).transfer_s[:, 2] for chip in (ROUND, shared))
    wait_s = far.latency_s.value
    assert after[0] == pytest.approx(2 * before[0], rel=1e-6, abs=wait_s)
    assert after[1] == before[1]
