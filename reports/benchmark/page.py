"""The benchmark as a Markdown page with its figures and its numbers beside it."""

from pathlib import Path

from reports.atomic import write_text
from reports.benchmark.figures import draw_figures, figure_titles
from reports.benchmark.grid import Benchmark, benchmark_json, has_grid
from reports.benchmark.tables import CERTAIN, Entry, ModelTables, TextTable, model_tables
from reports.data import CellRow, Manifest
from reports.figures.style import save_png
from reports.index import unique
from reports.table import markdown_safe
from reports.units import seconds
from traces.errors import EdgeAsrError


def write_benchmark(benchmark: Benchmark, path: Path) -> None:
    """Write a page, and beside it the figures (`STEM-NAME.png`) and all numbers (`STEM.json`).

    Raises:
        EdgeAsrError: if the study has no grid, or a file cannot be written.
    """
    if not has_grid(benchmark.cells):
        raise EdgeAsrError(
            f"study '{benchmark.manifest.name}' has no grid of formats and methods, so there is no benchmark"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, figure in draw_figures(benchmark.cells):
            save_png(figure, path.with_name(f"{path.stem}-{name}.png"))
        write_text(path.with_suffix(".json"), benchmark_json(benchmark))
        write_text(path, render_benchmark(benchmark, stem=path.stem))
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written ({error.strerror}); choose another place") from error


def render_benchmark(benchmark: Benchmark, *, stem: str) -> str:
    """Return the page's text; figures are linked as `STEM-NAME.png`."""
    return "\n".join(
        (
            _head(benchmark),
            *(_model(benchmark.cells, tables, stem=stem) for tables in model_tables(benchmark.cells)),
            _care(benchmark),
            _again(benchmark),
        )
    )


def _head(benchmark: Benchmark) -> str:
    cells = [cell for cell in benchmark.cells if cell.method]
    name = markdown_safe(benchmark.manifest.name)
    methods, formats = unique(cell.method for cell in cells), unique(cell.formats for cell in cells)
    models, corpora = (
        unique(cell.model for cell in cells),
        unique(cell.corpus for cell in cells if cell.accuracy),
    )
    n_measured = sum(cell.accuracy is not None for cell in cells)
    return (
        f"# Quantization methods on speech recognisers: {name}\n\n"
        f"{len(methods)} methods, {len(formats)} formats, {len(models)} models, {len(corpora)} corpora: "
        f"{n_measured} measured cells.\n{_INTRODUCTION}"
    )


_INTRODUCTION = f"""
This is the comparison that the Edge-ASR benchmark (arXiv 2507.07877) makes, run with this package on other
models and corpora; none of its numbers is quoted here.

An entry is the word error rate of the quantized network itself, its 95 % bootstrap interval, and the
difference to the same model in float, in points; {CERTAIN} marks a difference whose paired 95 % interval
leaves out 0. Bold is the lowest of its formats: the lowest of several noisy numbers, no proof that its
method is the best. Memory I/O counts each operand once per use at its stored width; BOPs are MACs times the
bits of both operands. Both are means per utterance and know no chip.
"""


def _model(cells: tuple[CellRow, ...], tables: ModelTables, *, stem: str) -> str:
    model = tables.model
    figures = [f"![{title}]({stem}-{name}.png)\n" for name, title in figure_titles(cells, model)]
    parts = [f"## {markdown_safe(model)}\n", *figures, *([_LEGEND] if figures else [])]
    for corpus, table in tables.errors:
        parts += [f"### Word error rate on {_code(corpus)}\n", markdown_table(table)]
    parts += ["### Cost per utterance\n", markdown_table(tables.costs)]
    if tables.times:
        parts += ["### Time to quantize\n", _effort(cells, model), markdown_table(tables.times)]
    return "\n".join(parts)


_LEGEND = """\
In the second figure an open mark is the first method, a filled one the method with the lowest rate under the
same formats, which the legend names.
"""


def _effort(cells: tuple[CellRow, ...], model: str) -> str:
    mine = [cell for cell in cells if cell.model == model]
    by_recipe = {cell.recipe: cell.quantization_s or 0.0 for cell in mine}
    took = (
        f"Quantizing took {seconds(sum(by_recipe.values()))} in all, on the machine named below: by its wall "
        "clock, while other cells, and whatever else ran there, had their share. They tell magnitudes.\n"
    )
    most = max(mine, key=lambda cell: cell.calibration_tokens)
    if not most.calibration_tokens:
        return took
    return (
        f"Methods that look at data saw {most.calibration_utterances} utterances, on which the decoder is "
        f"fed {most.calibration_tokens} tokens. {took}"
    )


def _care(benchmark: Benchmark) -> str:
    return "## Read with care\n\n" + "".join(f"- {markdown_safe(note)}\n" for note in benchmark.notes)


def _again(benchmark: Benchmark) -> str:
    manifest = benchmark.manifest
    facts = (*manifest.corpora, *manifest.models, *manifest.versions, *manifest.machine)
    return (
        f"## To get this again\n\n`{manifest.command}`, seed {manifest.seed}; made {manifest.created_utc}. "
        "`edgeasr report RUN --benchmark PAGE` writes this page.\n\n"
        + "".join(f"- {markdown_safe(f'{fact.name}: {fact.value}')}\n" for fact in facts)
        + "".join(_earlier(each) for each in benchmark.earlier)
    )


def _earlier(manifest: Manifest) -> str:
    versions = ", ".join(markdown_safe(f"{fact.name} {fact.value}") for fact in manifest.versions)
    return (
        f"\nCells that this run did not measure are those of an earlier one, made {manifest.created_utc} "
        f"with {versions}.\n"
    )


def markdown_table(table: TextTable) -> str:
    """Return the table as GitHub's Markdown, lines of an entry under each other."""
    ruler = ["---"] * table.n_labels + ["---:"] * (len(table.heads) - table.n_labels)
    rows = (
        [markdown_safe(head) for head in table.heads],
        ruler,
        *([_shown(e) for e in row] for row in table.rows),
    )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(entry: Entry) -> str:
    first, *others = (markdown_safe(line) for line in entry.lines)
    return "<br>".join((f"**{first}**" if entry.best else first, *others))


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"
