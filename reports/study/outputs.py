"""The files of a finished study."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hwmodels.op_table import Floats
from reports.atomic import written_whole
from reports.data import StudyData
from reports.exposed import term_names
from reports.layers import ENERGY_TERMS, op_costs
from reports.study.folder import Measured, RunFolder
from reports.study.manifest import MANIFEST, manifest_json
from simulator.estimate import Estimate
from traces.progress import Progress

if TYPE_CHECKING:
    import pandas


def write_outputs(
    run: RunFolder,
    data: StudyData,
    *,
    measured: Sequence[Measured],
    frames: Sequence["pandas.DataFrame"],
    progress: Progress,
) -> Path:
    """Write every file of the run and return the path of `report.html`.

    `frames` are the costs per op of each estimate; together they are `layers.parquet`.
    """
    from reports.benchmark.grid import benchmark_of, has_grid
    from reports.benchmark.page import write_benchmark
    from reports.figures import save_figures
    from reports.html import render_html
    from reports.markdown import render_markdown
    from reports.tables import cells_csv, summary_csv

    steps: tuple[Callable[[], object], ...] = (
        lambda: run.write_text(MANIFEST, manifest_json(data.manifest)),
        lambda: _write_frame(_joined(frames), run.path / "layers.parquet"),
        lambda: _write_frame(_accuracy_frame(measured), run.path / "accuracy.parquet"),
        lambda: run.write_text("summary.csv", summary_csv(data)),
        lambda: run.write_text("cells.csv", cells_csv(data)),
        lambda: save_figures(data, run.path / "figures"),
        lambda: run.write_text("report.md", render_markdown(data)),
        lambda: run.write_text("report.html", render_html(data)),
    )
    if has_grid(data.cells):
        steps = (lambda: write_benchmark(benchmark_of(data), run.path / "benchmark.md"), *steps)
    for done, write in enumerate(steps):
        progress("report", done, len(steps))
        write()
    progress("report", len(steps), len(steps))
    return run.path / "report.html"


def op_frame(estimate: Estimate, *, model: str, recipe: str) -> "pandas.DataFrame":
    """Return the cost of every op for the mean utterance, one line per (phase, op).

    Terms and levels have columns as in `edgeasr estimate --by layer`: `latency_dram_s`, `level_dram_bytes`.
    """
    import pandas

    frames = []
    for phase in estimate.phases:
        costs, table, ops = op_costs(phase), phase.costs, phase.bound.graph.ops
        columns = {
            **_columns("latency_{}_s", term_names(table), costs.latency_terms_s),
            **_columns("energy_{}_j", (*ENERGY_TERMS, *table.levels), costs.energy_terms_j),
            **_columns("level_{}_bytes", table.levels, costs.level_bytes),
        }
        frames.append(
            pandas.DataFrame(
                {
                    "model": model,
                    "recipe": recipe,
                    "chip": estimate.chip.name,
                    "phase": str(phase.phase),
                    "op": [op.name for op in ops],
                    "module": [op.module for op in ops],
                    "kind": [str(op.kind) for op in ops],
                    "latency_s": costs.latency_s,
                    "energy_j": costs.energy_j,
                    "macs": costs.macs,
                    "unit": [table.units[idx] for idx in table.unit_idx[costs.row]],
                    "bound_by": [table.bound_label(int(code)) for code in table.bound_by[costs.row]],
                    "note": [table.notes[idx] for idx in table.note_idx[costs.row]],
                    **columns,
                }
            )
        )
    return pandas.concat(frames, ignore_index=True)


def _columns(form: str, names: tuple[str, ...], values: Floats) -> dict[str, Floats]:
    return {form.format(name): values[:, idx] for idx, name in enumerate(names)}


def _accuracy_frame(measured: Sequence[Measured]) -> "pandas.DataFrame":
    """Return one line per utterance and cell: raw and normalised texts, error counts."""
    frames = [
        cell.evaluation.to_frame().assign(
            model=cell.cell.model, recipe=cell.cell.recipe, corpus=cell.cell.corpus
        )
        for cell in measured
    ]
    return _joined(frames)


def _joined(frames: Sequence["pandas.DataFrame"]) -> "pandas.DataFrame":
    import pandas

    return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()


def _write_frame(frame: "pandas.DataFrame", path: Path) -> None:
    with written_whole(path) as partial:
        frame.to_parquet(partial, index=False)
