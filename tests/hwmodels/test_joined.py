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


def joining_s(chip: Chip, precision: Precision) -> Floats:
    """Return what each distinct concatenation of GoogLeNet takes."""
    ops = workpiece("googlenet", precision).ops
    found: Floats = cost(ops, place(ops, chip), chip).latency_s.nominal[ops.op_class == OpClass.LAYOUT]
    return found


def test_floats_are_written_to_their_place_and_integers_copied() -> None:
    apart = replace(CHIP, tiling=replace(CHIP.tiling, joins_in_place=False))
    assert len(joining_s(CHIP, Precision.FLOAT))
    assert np.all(joining_s(CHIP, Precision.FLOAT) == 0)
    assert np.all(joining_s(apart, Precision.FLOAT) > 0)
    assert joining_s(CHIP, Precision.W8A8) == pytest.approx(joining_s(apart, Precision.W8A8))


def test_weights_of_a_single_row_get_a_share_of_the_bandwidth() -> None:
    ops = table(dense(1, 512, 512), dense(2, 512, 512), network_weight_bytes=1e6)
    far = ROUND.levels[2]
    shared = replace(ROUND, levels=(*ROUND.levels[:2], replace(far, matvec_share=number(0.5))))
    before, after = (cost(ops, place(ops, chip), chip).transfer_s[:, 2] for chip in (ROUND, shared))
    wait_s = far.latency_s.value
    assert after[0] == pytest.approx(2 * before[0], rel=1e-6, abs=wait_s)
    assert after[1] == before[1]
