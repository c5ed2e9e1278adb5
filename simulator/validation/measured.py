"""Measured latencies and energies: a CSV file of facts, one source per row."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from traces.errors import EdgeAsrError, unknown_name
from traces.networks.catalogue import NETWORKS
from traces.networks.store import Precision

SHIPPED = Path(__file__).parent / "measured.csv"
"""Facts distilled from qualcomm/ai-hub-models (BSD-3-Clause) and mlcommons/tiny_results (Apache-2.0)."""

LATENCY_UNITS = {"latency_s": 1.0, "latency_ms": 1e-3, "latency_us": 1e-6}
ENERGY_UNITS = {"energy_j": 1.0, "energy_mj": 1e-3, "energy_uj": 1e-6}
OPTIONAL = ("chip", "device", "runtime", "all_npu", "source")
REQUIRED = ("network", "precision")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement. `all_npu`: no layer ran on a host; `energy_j` is None where none was taken."""

    chip: str
    device: str
    network: str
    precision: Precision
    runtime: str
    latency_s: float
    energy_j: float | None
    all_npu: bool
    source: str


@dataclass(frozen=True, slots=True)
class Case:
    """One network in one precision on one chip: the medians over the runtimes it was measured with."""

    chip: str
    device: str
    network: str
    precision: Precision
    latency_s: float
    energy_j: float | None
    n_runtimes: int


def load_measured(path: Path = SHIPPED) -> tuple[Measured, ...]:
    """Return the rows of a file; by default of the one that comes with the package.

    Columns: `network`, `precision` (float, w8a8, w8a16), one latency (`latency_s`, `latency_ms` or
    `latency_us`), if known one energy (`energy_j`, `energy_mj` or `energy_uj`), and if wanted `chip`,
    `device`, `runtime`, `all_npu` (true or false) and `source`.

    Raises:
        EdgeAsrError: naming file, row and column of what is missing, unknown or no positive number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            columns = tuple(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EdgeAsrError(f"{path}: cannot be read as CSV ({error})") from error
    known = (*REQUIRED, *LATENCY_UNITS, *ENERGY_UNITS, *OPTIONAL)
    for column in columns:
        if column not in known:
            raise EdgeAsrError(f"{path}: {unknown_name('column', column, known=known)}")
    latency = _one_of(path, columns, LATENCY_UNITS, "latency")
    energy = _one_of(path, columns, ENERGY_UNITS, "energy") if set(columns) & set(ENERGY_UNITS) else None
    for column in REQUIRED:
        if column not in columns:
            raise EdgeAsrError(f"{path}: column '{column}' is missing; add it")
    if not rows:
        raise EdgeAsrError(f"{path}: holds no rows; write one per measured network")
    return tuple(_row(f"{path}: row {idx}", row, latency, energy) for idx, row in enumerate(rows, start=1))


def cases(rows: Sequence[Measured]) -> tuple[Case, ...]:
    """Return the cases of rows that ran wholly on the accelerator, in order of chip, network and precision.

    Runtimes of one graph differ by a few percent, by a third where they convert inputs and results.
    """
    together: dict[tuple[str, str, Precision], list[Measured]] = {}
    for row in rows:
        if row.all_npu:
            together.setdefault((row.chip, row.network, row.precision), []).append(row)
    found = []
    for (chip, network, precision), same in sorted(together.items()):
        energies = [row.energy_j for row in same if row.energy_j is not None]
        found.append(
            Case(
                chip,
                same[0].device,
                network,
                precision,
                median(row.latency_s for row in same),
                median(energies) if energies else None,
                len(same),
            )
        )
    return tuple(found)


def _one_of(path: Path, columns: Sequence[str], units: dict[str, float], what: str) -> tuple[str, float]:
    present = [column for column in columns if column in units]
    if len(present) != 1:
        raise EdgeAsrError(
            f"{path}: has {len(present)} columns of {what}; write exactly one of {', '.join(units)}"
        )
    return present[0], units[present[0]]


def _row(
    where: str, row: dict[str, str], latency: tuple[str, float], energy: tuple[str, float] | None
) -> Measured:
    network, precision = row["network"], row["precision"]
    if network not in NETWORKS:
        raise EdgeAsrError(f"{where}: {unknown_name('network', network, known=NETWORKS)}")
    if precision not in tuple(Precision):
        raise EdgeAsrError(f"{where}: {unknown_name('precision', precision, known=tuple(Precision))}")
    latency_s = _positive(where, latency, row)
    if latency_s is None:
        raise EdgeAsrError(f"{where}: {latency[0]} is empty; every row needs a latency")
    return Measured(
        chip=row.get("chip") or "",
        device=row.get("device") or "",
        network=network,
        precision=Precision(precision),
        runtime=row.get("runtime") or "",
        latency_s=latency_s,
        energy_j=None if energy is None else _positive(where, energy, row),
        all_npu=(row.get("all_npu") or "true").lower() == "true",
        source=row.get("source") or "",
    )


def _positive(where: str, column: tuple[str, float], row: dict[str, str]) -> float | None:
    name, unit = column
    text = (row[name] or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise EdgeAsrError(f"{where}: {name}: '{text}' is no number; write it without its unit") from error
    if not 0 < value < float("inf"):
        raise EdgeAsrError(f"{where}: {name}: {text} is no positive number")
    return value * unit
