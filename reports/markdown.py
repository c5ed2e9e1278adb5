"""The report as Markdown, for a pull request or a wiki: verdicts, tables, and the figures beside it."""

from collections.abc import Sequence

from reports.benchmark.grid import has_grid
from reports.bottlenecks import bottlenecks
from reports.data import StudyData
from reports.figures import FIGURES
from reports.index import layers_by_combination, main_corpus
from reports.page import accuracy_lines, estimate_lines, misfit_lines, provenance_lines
from reports.provenance import kind_counts
from reports.table import Table, markdown, markdown_safe
from reports.tables import headline_rows, table_of
from reports.units import percent, seconds
from reports.verdict import Verdict, verdicts

MOST_BOTTLENECKS = 5


def render_markdown(study: StudyData) -> str:
    """Return the text of `report.md`; figures are linked as `figures/NAME.png`."""
    accuracy = _table(_ACCURACY_HEADS, [line.cells for line in accuracy_lines(study)])
    intervals = _table(_ESTIMATE_HEADS, [line.cells for line in estimate_lines(study)])
    on_chips = bool(study.chips)
    sections = (
        _head(study),
        on_chips and _verdicts(study),
        _combinations(study),
        on_chips and _section("Intervals", _INTERVALS, intervals),
        _section("Accuracy", "", accuracy),
        on_chips and _misfits(study),
        _bottlenecks(study),
        _figures(study),
        on_chips and _provenance(study),
        study.notes and _section("Read with care", "", _bullets(study.notes)),
        _manifest(study),
    )
    return "\n".join(section for section in sections if section)


def _combinations(study: StudyData) -> str:
    table = markdown(table_of(headline_rows(study)))
    if has_grid(study.cells):
        return _section("Best of each formats", _CONTENDERS + _COMBINATIONS, table)
    return _section("All combinations", _COMBINATIONS, table)


_CONTENDERS = (
    "Methods that give the same formats at the same cost stand in one line, that of the most accurate; "
    "[benchmark.md](benchmark.md) has them all. "
)
_COMBINATIONS = (
    "Nominal values for the mean utterance. The difference is to the same model in float, in points; "
    "empty means that there is none."
)
_INTERVALS = "Low to high: from the ranges of the chips' assumed and fitted numbers."
_ESTIMATE_HEADS = (
    "Model", "Recipe", "Chip", "Latency", "Low to high", "p50", "p90", "RTF", "Energy", "Low to high",
    "Peak activations", "Fits", "Rests on",
)  # fmt: skip
_ACCURACY_HEADS = (
    "Model", "Recipe", "Corpus", "WER", "95 % interval", "To float, points", "CER", "Words in silent clips",
    "Utterances", "Words", "RTFx on the host",
)  # fmt: skip


def _head(study: StudyData) -> str:
    corpus = main_corpus(study)
    rates = f"Word error rates were measured on {corpus}." if corpus else "No word error rate was measured."
    if study.chips:
        rates += " Latency and energy are estimates of an analytic model of each chip."
    return f"# {markdown_safe(study.manifest.name)}: accuracy against cost\n\n{markdown_safe(rates)}\n"


def _verdicts(study: StudyData) -> str:
    titles = {row.chip: row.title for row in study.chips}

    def one(verdict: Verdict) -> str:
        sentences = " ".join(markdown_safe(sentence) for sentence in verdict.sentences)
        return f"**{markdown_safe(titles[verdict.chip])}.** {sentences}\n"

    return "## Verdict\n\n" + "\n".join(one(verdict) for verdict in verdicts(study))


def _misfits(study: StudyData) -> str:
    lines = [line.cells for line in misfit_lines(study)]
    if not lines:
        return _section("What does not fit", "Everything fits on every chip.", "")
    return _section(
        "What does not fit", "", _table(("Chip", "Model", "Memory", "Recipes, and how far over"), lines)
    )


def _bottlenecks(study: StudyData) -> str:
    """Return the slowest layers of each verdict's choice."""
    layers = layers_by_combination(study)
    parts = []
    for verdict in verdicts(study):
        if verdict.choice is None:
            continue
        rows = [
            (
                found.layer.layer,
                found.layer.phase,
                seconds(found.layer.latency_s),
                percent(found.share),
                found.reason,
            )
            for found in bottlenecks(layers.get(verdict.choice, ()), most=MOST_BOTTLENECKS)
        ]
        model, recipe, chip = verdict.choice.split("\n")
        title = markdown_safe(f"{model} in {recipe} on {chip}")
        parts.append(f"{title}:\n\n" + _table(("Layer", "Phase", "Latency", "Share", "Bound by"), rows))
    return _section("Slowest layers", "", "\n".join(parts)) if parts else ""


def _figures(study: StudyData) -> str:
    if not study.estimates:
        return ""
    links = (f"![{title}](figures/{name}.png)\n" for name, (title, _) in FIGURES.items())
    return _section("Figures", "", "\n".join(links))


def _provenance(study: StudyData) -> str:
    parts = []
    for chip in study.chips:
        rows = tuple(row for row in study.provenance if row.chip == chip.chip)
        kinds = ", ".join(f"{kind.n} {kind.kind}" for kind in kind_counts(rows))
        lines = [line.cells for line in provenance_lines(rows)]
        table = _table(("Kind", "Number", "Value", "Range", "Source"), lines)
        parts.append(f"**{markdown_safe(chip.chip)}**: {kinds or 'no numbers'}.\n\n{table}")
    return _section("Where the chips' numbers come from", "Least trustworthy first.", "\n".join(parts))


def _manifest(study: StudyData) -> str:
    manifest = study.manifest
    facts = (*manifest.corpora, *manifest.models, *manifest.versions, *manifest.machine)
    took = seconds(manifest.duration_s)
    made = f"`{manifest.command}`, seed {manifest.seed}; made {manifest.created_utc} in {took}."
    return _section(
        "To get this again", made, _bullets(tuple(f"{fact.name}: {fact.value}" for fact in facts))
    )


def _section(title: str, text: str, body: str) -> str:
    return f"## {title}\n\n" + "\n\n".join(part for part in (text, body) if part) + ("" if body else "\n")


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return markdown(Table(heads, tuple(rows)))


def _bullets(lines: tuple[str, ...]) -> str:
    return "".join(f"- {markdown_safe(line)}\n" for line in lines)
