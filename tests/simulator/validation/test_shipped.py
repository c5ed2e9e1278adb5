"""The table of errors that ships is what validation finds, and what the validation page says."""

import re
from pathlib import Path

import pytest

from simulator.validation.measured import load_measured
from simulator.validation.shipped import DIGITS, shipped_errors
from simulator.validation.summary import summarise
from simulator.validation.validate import validate

PAGE = Path(__file__).resolve().parents[3] / "docs" / "validation.md"
STALE = "run: python -m simulator.validation.shipped"


def test_errors_as_shipped_are_those_of_validation() -> None:
    found = {row.group: row for row in summarise(validate(load_measured(), refits=False), "chip")}
    errors = shipped_errors()
    assert set(errors) == set(found), STALE
    for chip, row in found.items():
        assert errors[chip].n == row.n, STALE
        assert errors[chip].mape == pytest.approx(row.mape, abs=0.6 * 10**-DIGITS), STALE


def test_left_out_errors_are_those_of_the_page() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## By chip\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if "|" in line]
    place = rows[0].index("left-out MAPE")
    told = {row[0]: row[place] for row in rows[2:]}
    assert set(told) == set(shipped_errors())
    for chip, errors in shipped_errors().items():
        (percent,) = re.findall(r"[\d.]+", told[chip])
        assert errors.left_out_mape == pytest.approx(float(percent) / 100, abs=1e-3), chip
