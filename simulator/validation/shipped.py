"""What validation found of each chip of the library, kept as a table: refitting takes a minute.

`python -m simulator.validation.shipped` writes the table anew; a test fails where it is out of date.
"""

import csv
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "shipped.csv"
DIGITS = 3
"""Decimals kept of an error: a tenth of a percent."""


@dataclass(frozen=True, slots=True)
class ChipErrors:
    """Mean of |predicted / measured - 1| over the measured cases of a chip, fractions.

    `left_out_mape` is without the network in question, None where that cannot be said.
    """

    n: int
    mape: float
    left_out_mape: float | None


@cache
def shipped_errors() -> dict[str, ChipErrors]:
    """Return the errors of every chip of the library that something was measured on."""
    with TABLE.open(newline="", encoding="utf-8") as stream:
        return {
            row["chip"]: ChipErrors(
                int(row["cases"]),
                float(row["mape"]),
                float(row["left_out_mape"]) if row["left_out_mape"] else None,
            )
            for row in csv.DictReader(stream)
        }


def table_text() -> str:
    """Return the table as it should be, by validating every chip."""
    from simulator.validation.measured import load_measured
    from simulator.validation.summary import summarise
    from simulator.validation.validate import validate

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("chip", "cases", "mape", "left_out_mape"))
    for row in summarise(validate(load_measured()), "chip"):
        left_out = "" if row.left_out_mape is None else f"{row.left_out_mape:.{DIGITS}f}"
        writer.writerow((row.group, row.n, f"{row.mape:.{DIGITS}f}", left_out))
    return text.getvalue()


if __name__ == "__main__":
    TABLE.write_text(table_text(), encoding="utf-8")
