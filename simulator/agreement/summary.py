"""How far predictions and Vela's estimates lie apart, by chip and by kind of op."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from simulator.agreement.vela import OpAgreement

ALL = "all"


@dataclass(frozen=True, slots=True)
class KindAgreement:
    """Medians over the ops of a kind on a chip: of |predicted / Vela - 1|, and of predicted / Vela - 1.

    Ops that Vela does in no cycle of their own are left out; `total` is None where no total is known.
    """

    chip: str
    kind: str
    ops: int
    npu_error: float
    npu_bias: float
    total_error: float | None


def by_kind(rows: Sequence[OpAgreement]) -> tuple[KindAgreement, ...]:
    """Return a row per chip and kind of op, each chip's first row over all its ops."""
    found = []
    for chip in sorted({row.chip for row in rows}):
        mine = [row for row in rows if row.chip == chip]
        found.append(_summary(chip, ALL, mine))
        found += [
            _summary(chip, kind, [row for row in mine if row.kind == kind])
            for kind in sorted({row.kind for row in mine})
        ]
    return tuple(found)


def _summary(chip: str, kind: str, rows: Sequence[OpAgreement]) -> KindAgreement:
    npu = [row.predicted_npu_cycles / row.vela_npu_cycles - 1 for row in rows if row.vela_npu_cycles]
    total = [row.predicted_total_cycles / row.vela_total_cycles - 1 for row in rows if row.vela_total_cycles]
    return KindAgreement(
        chip, kind, len(npu), median(map(abs, npu)), median(npu), median(map(abs, total)) if total else None
    )
