"""The table of what was predicted before: whole, scored as it says, and written as it is read."""

import pytest

from simulator.validation.measured import Case
from simulator.validation.predicted_before import TABLE, Foretold, foretell, foretold, score_of, table_text
from traces.networks.catalogue import NETWORKS
from traces.networks.store import Precision


def test_the_table_is_of_known_networks_and_written_as_it_is_read() -> None:
    rows = foretold()
    assert table_text(rows) == TABLE.read_text(encoding="utf-8")
    assert {row.network for row in rows} <= set(NETWORKS)
    assert len({(row.chip, row.network, row.precision) for row in rows}) == len(rows)
    assert all(0 < row.low_s <= row.predicted_s <= row.high_s for row in rows)


def test_scores_are_those_of_the_rows() -> None:
    rows = (Foretold("a", "n", "float", 1.0, 1.5, 0.5, 2.0), Foretold("a", "m", "float", 1.0, 0.5, 0.2, 0.9))
    found = score_of(rows)
    assert (found.mape, found.bias, found.coverage) == (0.5, 0.0, 0.5)


def test_cases_are_foretold_in_order_by_chip() -> None:
    known = [
        Case(chip, "", "resnet-18", precision, 1e-3, None, 1)
        for chip in ("hexagon-htp-v75", "hexagon-htp-v69")
        for precision in (Precision.FLOAT, Precision.W8A8)
    ]
    rows = foretell(known)
    assert [(row.chip, row.precision) for row in rows] == [(case.chip, case.precision) for case in known]
    assert rows[1].predicted_s < rows[0].predicted_s
    assert rows[0].predicted_s == pytest.approx(1e-3, rel=0.5)
