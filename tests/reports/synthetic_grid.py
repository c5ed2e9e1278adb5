"""A study with a grid of methods and formats: the synthetic one's models, with made-up error rates."""

from dataclasses import replace
from typing import TypeVar

from reports.data import Accuracy, CellRow, EstimateRow, LayerRow, PhaseRow, PointRow, Range, StudyData
from tests.reports.synthetic import study

METHODS = (
    "rtn", "rtn-mse", "smoothquant", "awq", "omniquant", "gptq", "awq-tesseraq", "quik", "quarot",
    "spinquant", "spinquant-gptq", "hqq",
)  # fmt: skip
FORMATS = {
    "w8a8": 0.0,
    "w4a16-g32": 0.2,
    "w4a8-g32": 0.4,
    "w3a16-g32": 3.0,
    "w3a8-g32": 4.0,
    "w2a16-g32": 70.0,
}
"""Points that rounding to nearest adds."""
_Row = TypeVar("_Row", EstimateRow, PhaseRow, LayerRow, PointRow)
CORPORA = ("bundled", "audiofolder:$AN4/test")


def grid_study(*, chips: bool = True) -> StudyData:
    """Return a study whose first two models have float and a grid on two corpora; quik costs more."""
    data = study()
    plain = tuple(cell for cell in data.cells if cell.accuracy and cell.recipe == "float")
    cells = tuple(
        row
        for cell in plain
        for row in (
            *(replace(cell, corpus=corpus, formats="float", quantization_s=0.1) for corpus in CORPORA),
            *(
                _cell(cell, formats, idx, corpus)
                for formats in FORMATS
                for idx in range(len(METHODS))
                if not (METHODS[idx] == "smoothquant" and "a16" in formats)
                for corpus in CORPORA
            ),
        )
    )
    models = {cell.model for cell in plain}
    names = {"float": "float", "w8a8": "w8a8+rtn", "w4-g32": "w4a16-g32+rtn", "w4a8": "w4a8-g32+rtn",
             "w3": "w3a16-g32+rtn", "w2": "w2a16-g32+rtn"}  # fmt: skip

    def kept(rows: tuple[_Row, ...]) -> tuple[_Row, ...]:
        mine = (row for row in rows if row.model in models and row.recipe in names)
        return tuple(replace(row, recipe=names[row.recipe]) for row in mine) if chips else ()

    return replace(
        data,
        cells=cells,
        chips=data.chips if chips else (),
        estimates=kept(data.estimates),
        phases=kept(data.phases),
        layers=kept(data.layers),
        points=kept(data.points),
        ceilings=data.ceilings if chips else (),
        bandwidths=data.bandwidths if chips else (),
        provenance=data.provenance if chips else (),
    )


def _cell(plain: CellRow, formats: str, idx: int, corpus: str) -> CellRow:
    method, bits = METHODS[idx], int(formats[1]) / 16
    added = FORMATS[formats] * (1 - 0.07 * idx) / 100
    float_wer = plain.accuracy.wer.nominal if plain.accuracy else 0.0
    wer = float_wer + added
    extra = 1.1 if method == "quik" else 1.0
    return replace(
        plain,
        recipe=f"{formats}+{method}",
        corpus=corpus,
        accuracy=Accuracy(
            Range(wer * 0.8, wer, wer * 1.25),
            Range(added - 0.01, added, added + 0.01),
            wer / 2,
            3,
            12,
            212,
            2_480,
            21.5,
        ),
        packed_bytes=plain.packed_bytes * bits * extra,
        bops=plain.bops * bits * extra,
        bops_accumulator=plain.bops_accumulator * bits * extra,
        memory_io_bytes=plain.memory_io_bytes * (0.4 + bits / 2) * extra,
        formats=formats,
        method=method,
        costed_as=f"{formats}+rtn" if method != "quik" else "",
        quantization_s=0.05 + idx * 11.0,
        calibration_utterances=128 if idx > 1 else 0,
        calibration_tokens=2_300 if idx > 1 else 0,
    )
