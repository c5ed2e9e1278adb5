"""A study's report as one HTML file."""

from reports.benchmark.tables import model_tables
from reports.charts.layers import layer_charts
from reports.charts.methods import method_charts
from reports.charts.pareto import pareto_charts
from reports.charts.phases import phase_chart
from reports.charts.roofline import roofline_chart
from reports.data import StudyData
from reports.index import chip_names, main_corpus, models, unique
from reports.page import (
    accuracy_lines,
    bottleneck_tables,
    combinations,
    cost_lines,
    estimate_lines,
    legend,
    misfit_lines,
    provenance_lines,
    summary_lines,
)
from reports.provenance import kind_counts
from reports.shell import render_page
from reports.units import seconds
from reports.verdict import first_shown, verdicts


def render_html(study: StudyData) -> str:
    """Return the whole page; equal studies give equal bytes."""
    found = verdicts(study)
    keys = combinations(study)
    by_method = method_charts(study)
    per_chip = {
        chip: tuple(row for row in study.provenance if row.chip == chip) for chip in chip_names(study)
    }
    return render_page(
        "report.html.j2",
        charts=(
            *by_method,
            *pareto_charts(study),
            phase_chart(study),
            *layer_charts(study),
            roofline_chart(study),
        ),
        combinations=keys,
        default=first_shown(found) or "".join(keys[:1]),
        study=study,
        manifest=study.manifest,
        chips=study.chips,
        models=models(study),
        recipes=unique(cell.recipe for cell in study.cells),
        costed_recipes=unique(row.recipe for row in study.estimates),
        by_method=by_method,
        benchmark=model_tables(study.cells),
        corpus=main_corpus(study),
        utterances=study.estimates[0].utterances if study.estimates else None,
        verdicts=found,
        legend=legend(study),
        summary=summary_lines(study),
        estimates=estimate_lines(study),
        accuracy=accuracy_lines(study),
        counts=cost_lines(study),
        misfits=misfit_lines(study),
        bottlenecks=bottleneck_tables(study),
        provenance={chip: provenance_lines(rows) for chip, rows in per_chip.items()},
        kinds={chip: kind_counts(rows) for chip, rows in per_chip.items()},
        took=seconds(study.manifest.duration_s),
    )
