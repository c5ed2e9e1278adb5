"""Networks added later, as the chip files predicted them before any of their rows were used.

The table holds what the models of commit `MODELS` said of every case of these networks: neither the form of
the models nor any number of a chip file was chosen in sight of them. At that commit plus the networks,
`python -m simulator.validation.predicted_before ROWS` writes it anew, ROWS being a file of measured rows.
"""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from hwmodels.chip_file import load_chip
from simulator.validation.bench import Bench
from simulator.validation.measured import Case, cases, load_measured
from simulator.validation.scores import Scores, score

TABLE = Path(__file__).parent / "predicted_before.csv"
MODELS = "26386fd"


@dataclass(frozen=True, slots=True)
class Foretold:
    """A measured case and what was predicted of it, with its range; seconds."""

    chip: str
    network: str
    precision: str
    measured_s: float
    predicted_s: float
    low_s: float
    high_s: float


def foretold(path: Path = TABLE) -> tuple[Foretold, ...]:
    """Return the rows of the table."""
    with path.open(newline="", encoding="utf-8") as stream:
        return tuple(
            Foretold(
                row["chip"],
                row["network"],
                row["precision"],
                *(float(row[name]) for name in ("measured_s", "predicted_s", "low_s", "high_s")),
            )
            for row in csv.DictReader(stream)
        )


def foretell(known: Sequence[Case]) -> tuple[Foretold, ...]:
    """Return what the chip files say of some cases now."""
    by_chip: dict[str, list[Case]] = {}
    for case in known:
        by_chip.setdefault(case.chip, []).append(case)
    rows: list[Foretold] = []
    for chip, mine in by_chip.items():
        found = Bench([(case.network, case.precision) for case in mine]).predict(load_chip(chip)).latency_s
        spans = zip(mine, found.nominal, found.low, found.high, strict=True)
        rows += [
            Foretold(
                chip,
                case.network,
                str(case.precision),
                case.latency_s,
                *(float(f"{value:.5g}") for value in span),
            )
            for case, *span in spans
        ]
    return tuple(rows)


def score_of(rows: Sequence[Foretold]) -> Scores:
    """Return the scores of some rows."""
    columns = {
        field.name: np.array([getattr(row, field.name) for row in rows]) for field in fields(Foretold)[3:]
    }
    return score(columns["measured_s"], columns["predicted_s"], low=columns["low_s"], high=columns["high_s"])


def table_text(rows: Sequence[Foretold]) -> str:
    """Return the rows as the table ships."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Foretold)])
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue()


if __name__ == "__main__":
    sys.stdout.write(table_text(foretell(cases(load_measured(Path(sys.argv[1]))))))
