"""The section of docs/validation.md about estimates of other tools, generated from the rows alone."""

from collections.abc import Sequence
from statistics import median

from reports.table import Table, render
from reports.validation.shares import percent, signed
from simulator.agreement.summary import KindAgreement, by_kind
from simulator.agreement.vela import NetworkAgreement, OpAgreement
from simulator.agreement.zigzag import ProductAgreement

TARGET = 0.15
"""Relative difference within which predictions and estimates are called in agreement."""

_INTRODUCTION = """## Agreement with estimates of other tools, not measurements

Arm's compiler Vela 5.2.0 estimates what Ethos-U takes; ZigZag 3.9.1 finds the best mapping of a layer on an
array and its memories. Both are models too: agreement says that two models see the same machine, not that
either is right. The rows ship in `simulator/agreement/`; `edgeasr agree` prints every one.
"""

_VELA = """### Ethos-U beside Vela

Cycles of the NPU alone, and of the slowest of NPU and memories (total), op by op over MLPerf Tiny networks
and single products of Whisper tiny's shapes. Like is compared with like: Vela knows no software, so the
chips' start and per-op overheads are left out; weights take the bytes that Vela's coder reached on them;
images of three channels are read from memory as Vela has it, 8 bytes of every burst, which the chip files
themselves take for an artefact. Block shapes, decoders, output stages and latencies come from Vela's own
tables, so this shows that a few closed forms reproduce its search over blocks, and nothing about silicon.
Keyword spotting, and U55-256 op by op, are from runs of Vela on files of the same extents with random
weights.
"""

_CAUSES = """
Known causes: Vela stages the weights of a small layer in SRAM behind the op before it where they happen to
fit, and makes the NPU wait where not; the model stages those of every convolution and of no single row
(`ad`, the heads). Waiting for the first image tile counts as the NPU's in Vela and as the memory's here
(`vww` on U65, U85). Audio of one channel (`kws`) is fetched block by block with much overlap, which no
closed form here follows. Vela has an image's last block wait for loads of which 8 bytes of every burst are of
use; the poolings here, all of one block or two, do not.
"""

_ZIGZAG = """### Matrix products beside ZigZag

On ZigZag's own arrays and memories (`simulator/agreement/accelerators/`), each product a layer that starts
and ends in DRAM.
"""


def agreement_section(
    ops: Sequence[OpAgreement], networks: Sequence[NetworkAgreement], *, products: Sequence[ProductAgreement]
) -> str:
    """Return the section as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION, _VELA, _kinds(by_kind(ops)), _networks(networks), _apart(networks), _CAUSES,
            _ZIGZAG, _within(products), _products(products),
        ]
    )  # fmt: skip


def _kinds(rows: Sequence[KindAgreement]) -> str:
    columns = ("chip", "kind of op", "ops", "median NPU error", "median NPU bias", "median total error")
    cells = [
        (
            row.chip,
            row.kind,
            str(row.ops),
            percent(row.npu_error),
            signed(row.npu_bias),
            percent(row.total_error),
        )
        for row in rows
    ]
    return render(Table(columns, tuple(cells)), "md")


def _networks(rows: Sequence[NetworkAgreement]) -> str:
    columns = ("chip", "network", "NPU: Vela", "predicted", "error", "total: Vela", "predicted", "error")
    cells = [
        (
            row.chip, row.network, f"{row.vela_npu_cycles:,.0f}", f"{row.predicted_npu_cycles:,.0f}",
            signed(_npu(row)), f"{row.vela_total_cycles:,.0f}", f"{row.predicted_total_cycles:,.0f}",
            signed(_total(row)),
        )
        for row in rows
    ]  # fmt: skip
    return render(Table(columns, tuple(cells)), "md")


def _apart(rows: Sequence[NetworkAgreement]) -> str:
    """Say which networks are not within the target, in total and for the NPU alone."""
    lines = [
        f"{sum(abs(error(row)) <= TARGET for row in rows)} of {len(rows)} networks are within "
        f"{100 * TARGET:.0f} % {what}"
        + "".join(
            f"{'; not ' if not idx else ', '}{row.network} on {row.chip}"
            for idx, row in enumerate(row for row in rows if abs(error(row)) > TARGET)
        )
        for what, error in (("in total", _total), ("for the NPU alone", _npu))
    ]
    return ".\n\n".join(lines) + "."


def _npu(row: NetworkAgreement) -> float:
    return row.predicted_npu_cycles / row.vela_npu_cycles - 1


def _total(row: NetworkAgreement) -> float:
    return row.predicted_total_cycles / row.vela_total_cycles - 1


def _within(rows: Sequence[ProductAgreement]) -> str:
    errors = [row.predicted_cycles / row.zigzag_cycles - 1 for row in rows]
    within = sum(abs(error) <= TARGET for error in errors)
    return (
        f"{within} of {len(rows)} products are within {100 * TARGET:.0f} %, the median error is "
        f"{percent(median(map(abs, errors)))}.\n"
    )


def _products(rows: Sequence[ProductAgreement]) -> str:
    columns = ("accelerator", "m x k x n", "weight bits", "ZigZag", "predicted", "error", "ZigZag's search")
    cells = [
        (
            row.accelerator, f"{row.m} x {row.k} x {row.n}", str(row.weight_bits),
            f"{row.zigzag_cycles:,.0f}", f"{row.predicted_cycles:,.0f}",
            signed(row.predicted_cycles / row.zigzag_cycles - 1), f"{row.seconds:.2f} s",
        )
        for row in rows
    ]  # fmt: skip
    return render(Table(columns, tuple(cells)), "md")
