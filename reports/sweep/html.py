"""The report of a sweep as one HTML file."""

from reports.page import Line
from reports.shell import render_page
from reports.shown import heading, is_number, shown
from reports.sweep.charts import effects_chart, heat_charts, parallel_chart, pareto_charts
from reports.sweep.folder import SweepFolder
from reports.sweep.plan import Plan
from reports.sweep.results import Results
from reports.sweep.tables import front_table
from reports.sweep.view import MOST_SHOWN, heat_cells, shown_points
from reports.units import MINUS, percent, ratio
from reports.verdict import Figure
from simulator.sweep.effects import Effect

MOST_FRONT = 25
"""Points of the front in the page's table; all are in `pareto.parquet`."""


def render_sweep(plan: Plan, folder: SweepFolder, *, results: Results, n_chunks: int, command: str) -> str:
    """Return the whole page; equal sweeps give equal bytes."""
    others = shown_points(folder, n_chunks, n_feasible=results.n_feasible)
    pareto = pareto_charts(plan, results, others=others)
    heat = heat_charts(heat_cells(plan, folder, results=results, n_chunks=n_chunks))
    table = front_table(plan, results, most=MOST_FRONT)
    return render_page(
        "sweep.html.j2",
        charts=(*pareto, *heat, effects_chart(plan, results), parallel_chart(plan, results, others=others)),
        sweep=plan.sweep,
        standfirst=_standfirst(plan, results),
        sentences=_sentences(plan, results),
        figures=_figures(plan, results),
        pareto=pareto,
        heat=heat,
        step=-(-results.n_feasible // MOST_SHOWN),
        front_heads=tuple(map(heading, table.columns)),
        front=tuple(Line(tuple(map(shown, table.columns, row))) for row in table.rows),
        front_numbers=tuple(
            idx for idx in range(len(table.columns)) if any(is_number(row[idx]) for row in table.rows)
        ),
        n_front=len(results.front),
        effect_heads=("Axis", "Objective", "Share", "Elasticity", "Best", "Worst", "Factor"),
        effects=tuple(_effect_line(each) for each in results.effects),
        notes=_notes(plan, results),
        command=command,
    )


def _standfirst(plan: Plan, results: Results) -> str:
    base, names = plan.sweep.base, [axis.name for axis in plan.sweep.axes]
    fixed = [f"{key} {getattr(base, key)}" for key in ("model", "recipe", "chip") if key not in names]
    work = [f"{getattr(base, key):g} {unit}" for key, unit in _WORK if key not in names]
    return (
        f"{results.n_costed:,} points over {len(names)} {'axis' if len(names) == 1 else 'axes'}: "
        f"{', '.join(names)}. Everywhere: {', '.join((*fixed, *work))}."
    )


_WORK = (("audio_s", "s of audio"), ("tokens", "tokens"), ("batch", "in a batch"), ("beam", "in the beam"))


def _sentences(plan: Plan, results: Results) -> tuple[str, ...]:
    front, first = results.front, plan.sweep.objectives[0]
    leading = [_leading(results, objective) for objective in plan.sweep.objectives]
    return (
        f"{len(front):,} of {results.n_costed:,} points are beaten by no other; the best "
        f"{heading(first)} is {shown(first, float(front[first].min()))}.",
        *(text for text in leading if text),
    )


def _leading(results: Results, objective: str) -> str:
    effects = [each for each in results.effects if each.objective == objective]
    if not effects:
        return ""
    most = max(effects, key=lambda each: each.variance_share)
    if most.variance_share == 0:
        return f"No axis moves {heading(objective)}."
    return (
        f"{heading(objective).capitalize()} is decided most by {most.axis}: {percent(most.variance_share)} "
        f"of its variance, a factor of {ratio(most.factor)} from {most.best} to {most.worst}."
    )


def _figures(plan: Plan, results: Results) -> tuple[Figure, ...]:
    found = []
    for name in plan.sweep.objectives[:4]:
        row = results.front.iloc[int(results.front[name].to_numpy().argmin())]
        found.append(Figure(f"Best {heading(name)}", shown(name, float(row[name])), f"point {row['point']}"))
    return tuple(found)


def _effect_line(each: Effect) -> Line:
    elasticity = (
        "" if each.elasticity is None else f"{round(each.elasticity, 2) + 0.0:.2f}".replace("-", MINUS)
    )
    share = percent(each.variance_share)
    return Line(
        (each.axis, heading(each.objective), share, elasticity, each.best, each.worst, ratio(each.factor))
    )


def _notes(plan: Plan, results: Results) -> tuple[str, ...]:
    notes = [
        "Latency and energy are nominal estimates of an analytic model; their ranges are in points.parquet.",
        *(
            f"{name} is chosen at every point: low and high do not cover its range in the chip's file."
            for name in plan.space.ranges_left()
        ),
        "Latency is that of a whole batch, energy is per utterance.",
    ]
    ruled_out = results.n_points - results.n_costed
    if ruled_out:
        notes.append(
            f"{ruled_out:,} of {results.n_points:,} points were not costed: a constraint rules them out, or "
            "a rule on every chip's numbers (no memory faster than a nearer one, no buffer smaller than a "
            "block, no array that does more than its lanes)."
        )
    unmet = results.n_costed - results.n_feasible
    if unmet:
        notes.append(f"{unmet:,} costed points break a constraint and are in no chart.")
    if results.n_fitting == 0:
        notes.append("No point fits the chip's memories; costs are given as if they were there.")
    elif results.n_fitting < results.n_feasible:
        over = results.n_feasible - results.n_fitting
        notes.append(f"{over:,} points exceed a memory of the chip; none of them is on the front.")
    if plan.sweep.search is not None:
        notes.append(
            "Points were searched for, not spread evenly: shares and elasticities are those of the points "
            "that the search looked at."
        )
    if plan.rates is not None:
        notes.append(f"Word error rates were measured on {plan.rates.corpus}; other points have none.")
    return tuple(notes)
