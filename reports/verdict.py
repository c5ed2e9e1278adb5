"""What the study says of a chip, in a few sentences that claim no more than was measured."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.bottlenecks import largest_term
from reports.data import FLOAT_RECIPE, LayerRow, Range, StudyData
from reports.index import Costed, contending, layers_by_combination, main_corpus, unique
from reports.units import joules, percent, points, ratio, seconds, size, spread

WER_BUDGET = 0.01
"""How much more of its words a recipe may get wrong than float before speed no longer counts: 1.0 points."""

SAME_LATENCY = 0.02
"""Latencies closer than this are called equal: finer differences mean nothing in an analytic model."""

UNUSABLE_WER = 0.5
"""A recogniser that gets every second word wrong is not worth being fast."""

FAR_WORSE = 0.1
"""A recipe that gets this much more of its words wrong is of interest only for its speed."""

MOST_LISTED = 4
"""How many names a sentence lists before it says how many others there are."""

Layers = dict[str, tuple[LayerRow, ...]]
"""The layers of every estimate, by `combination`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a verdict, its interval, and what it is."""

    label: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentences on one chip, the figures of the choice they name, and its combination key, if any.

    `shown` is the combination that charts show first: the choice, or else the fastest that fits, or of all.
    """

    chip: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    choice: str | None = None
    shown: str | None = None


def verdicts(study: StudyData) -> tuple[Verdict, ...]:
    """Return one verdict per chip, in the study's order."""
    layers, corpus = layers_by_combination(study), main_corpus(study)
    return tuple(
        verdict(row.chip, contending(study, row.chip), layers=layers, corpus=corpus) for row in study.chips
    )


def first_shown(found: tuple[Verdict, ...]) -> str | None:
    """Return the combination a page opens with: the first choice, or what is shown without one."""
    choices = [verdict.choice for verdict in found if verdict.choice]
    return next(iter(choices or [verdict.shown for verdict in found if verdict.shown]), None)


def verdict(chip: str, rows: tuple[Costed, ...], *, layers: Layers, corpus: str) -> Verdict:
    """Return the verdict on one chip.

    The choice is the fastest measured combination that fits and stays within `WER_BUDGET` of the same model's
    float rate.
    """
    measured = tuple(row for row in rows if row.cell.accuracy is not None)
    if not rows:
        return Verdict(chip, (f"Nothing was estimated on {chip}.",))
    fallback = min([row for row in rows if row.estimate.fits] or rows, key=latency_s).key
    if not measured:
        return Verdict(chip, _unmeasured(chip, rows), shown=fallback)
    fitting = tuple(row for row in measured if row.estimate.fits)
    if not fitting:
        return Verdict(chip, _nothing_fits(chip, measured), shown=fallback)
    within = tuple(row for row in fitting if wer_added(row, measured) <= WER_BUDGET + 1e-12)
    if not within:
        return Verdict(chip, _nothing_accurate(chip, fitting, measured), shown=fallback)
    best = min(within, key=_latency_then_wer)
    others = unique(row.cell.model for row in within if row.cell.model != best.cell.model)
    sentences = (
        _choice(chip, best, measured, corpus=corpus),
        *_unusable(best, measured),
        *_not_separable(best, within),
        *(_smaller(row, best, layers) for row in _fewer_bits(best, fitting)),
        *(
            _best_of(min((row for row in within if row.cell.model == model), key=_latency_then_wer))
            for model in others
        ),
        *_misfits(measured),
    )
    return Verdict(chip, sentences, _figures(best), best.key, best.key)


def latency_s(row: Costed) -> float:
    """Return the nominal latency of the mean utterance."""
    return row.estimate.latency_s.nominal


def _latency_then_wer(row: Costed) -> tuple[float, float]:
    return latency_s(row), row.wer or 0.0


def wer_added(row: Costed, measured: tuple[Costed, ...]) -> float:
    """Return the row's rate minus that of its model in float; infinite where float was not measured."""
    wer, reference = row.wer, _float_wer(row, measured)
    return float("inf") if wer is None or reference is None else wer - reference


def _float_wer(row: Costed, measured: tuple[Costed, ...]) -> float | None:
    same_model = (other for other in measured if other.cell.model == row.cell.model)
    return next((other.wer for other in same_model if other.cell.recipe == FLOAT_RECIPE), None)


def _choice(chip: str, best: Costed, measured: tuple[Costed, ...], *, corpus: str) -> str:
    text = (
        f"On {chip}, {_name(best)} is the fastest choice (of {len(measured)} compared) that fits and stays "
        f"within {points(WER_BUDGET)} WER points of its float: {_cost(best)} per utterance, "
        f"WER {_wer(best)} on {corpus}"
    )
    if best.cell.recipe == FLOAT_RECIPE:
        return f"{text}. Its quantized recipes are slower, do not fit or lose more words."
    difference = best.cell.accuracy.wer_difference if best.cell.accuracy else None
    reference = f"float {percent(_float_wer(best, measured) or 0.0)}"
    if difference is None:
        return f"{text} ({reference})."
    if difference.low == difference.high == 0:
        return f"{text} ({reference}; no resample shows a difference)."
    doubt = ", which includes 0" if difference.includes_zero else ""
    return (
        f"{text} ({reference}; difference {points(difference.nominal)} points, 95 % interval "
        f"{points(difference.low)} to {points(difference.high)}{doubt})."
    )


def _unusable(best: Costed, measured: tuple[Costed, ...]) -> tuple[str, ...]:
    reference = _float_wer(best, measured) or 0.0
    if reference < UNUSABLE_WER:
        return ()
    return (f"But {best.cell.model} is of no use on this corpus even in float: WER {percent(reference)}.",)


def _not_separable(best: Costed, within: tuple[Costed, ...]) -> tuple[str, ...]:
    high_s = best.estimate.latency_s.high
    rivals = [row for row in within if row is not best and row.estimate.latency_s.low <= high_s]
    if not rivals:
        return ()
    verb = "overlaps those of" if len(rivals) > 1 else "overlaps that of"
    where = "so the order holds only where the chip's ranges act on all alike"
    return (f"Its latency interval {verb} {_listed(rivals)}, {where}.",)


def _smaller(row: Costed, best: Costed, layers: Layers) -> str:
    """Say what a recipe with fewer stored bits buys on this chip, and what it costs in words."""
    saved = percent(1 - row.cell.packed_bytes / best.cell.packed_bytes)
    gain = 1 - latency_s(row) / latency_s(best)
    wer = f"{points((row.wer or 0.0) - (best.wer or 0.0))} WER points against {best.cell.recipe}"
    if gain > SAME_LATENCY:
        return f"{row.cell.recipe} is {saved} smaller and {percent(gain)} faster, at {wer}."
    if gain >= -SAME_LATENCY:
        speed = "buys nothing in latency"
    elif gain > -0.5:
        speed = f"is {percent(-gain)} slower"
    else:
        speed = f"takes {ratio(latency_s(row) / latency_s(best))} as long"
    cause = largest_term(layers.get(row.key, ()))
    because = f", because {percent(cause[1])} of its time is {_spoken(cause[0].name)}" if cause else ""
    return f"{row.cell.recipe} is {saved} smaller but {speed}{because}, at {wer}."


def _fewer_bits(best: Costed, fitting: tuple[Costed, ...]) -> tuple[Costed, ...]:
    """Return the smaller recipes worth a sentence: what is far worse and no faster is not."""
    smaller = (
        row
        for row in fitting
        if row.cell.model == best.cell.model
        and row.cell.packed_bytes < 0.98 * best.cell.packed_bytes
        and ((row.wer or 0.0) < (best.wer or 0.0) + FAR_WORSE or latency_s(row) < latency_s(best))
    )
    return tuple(sorted(smaller, key=lambda row: -row.cell.packed_bytes))[:MOST_LISTED]


def _best_of(row: Costed) -> str:
    return f"For {row.cell.model} it is {row.cell.recipe}: {_cost(row)}, WER {_wer(row)}."


def _misfits(measured: tuple[Costed, ...]) -> tuple[str, ...]:
    misfits = [row for row in measured if not row.estimate.fits]
    if not misfits:
        return ()
    return (f"{len(misfits)} of {len(measured)} measured combinations do not fit: {_listed(misfits)}.",)


def _unmeasured(chip: str, rows: tuple[Costed, ...]) -> tuple[str, ...]:
    first = f"No word error rate was measured for what was costed on {chip}, so no recipe is recommended."
    fitting = tuple(row for row in rows if row.estimate.fits)
    if not fitting:
        return (first, f"Nothing fits. {_closest(rows)}")
    fastest = min(fitting, key=latency_s)
    return (first, f"The fastest that fits is {_name(fastest)}: {_cost(fastest)}.")


def _nothing_fits(chip: str, measured: tuple[Costed, ...]) -> tuple[str, ...]:
    return (
        f"None of the {len(measured)} measured combinations fits {chip}.",
        _closest(measured),
        "Costs are given as if the memory were there, and are marked.",
    )


def _closest(rows: tuple[Costed, ...]) -> str:
    closest = min(rows, key=lambda row: row.estimate.excess_bytes)
    excess = f"{size(closest.estimate.excess_bytes)} too large for {closest.estimate.excess_level}"
    return f"Closest is {_name(closest)}: {excess}."


def _nothing_accurate(
    chip: str, fitting: tuple[Costed, ...], measured: tuple[Costed, ...]
) -> tuple[str, ...]:
    best = min(fitting, key=lambda row: (wer_added(row, measured), latency_s(row)))
    reference = _float_wer(best, measured)
    if reference is None:
        return (
            f"The float rates of what fits {chip} were not measured, so no recipe can be held against them.",
        )
    return (
        f"Nothing that fits {chip} stays within {points(WER_BUDGET)} WER points of float.",
        f"Closest is {_name(best)}: WER {_wer(best)} against {percent(reference)} in float, {_cost(best)}.",
        *_if_it_fitted(measured),
    )


def _if_it_fitted(measured: tuple[Costed, ...]) -> tuple[str, ...]:
    """Name the accurate choice that least more memory would admit."""
    within = [
        row for row in measured if not row.estimate.fits and wer_added(row, measured) <= WER_BUDGET + 1e-12
    ]
    if not within:
        return ()
    row = min(within, key=lambda row: (row.estimate.excess_bytes, latency_s(row)))
    excess = f"{size(row.estimate.excess_bytes)} more of {row.estimate.excess_level}"
    return (f"With {excess}, {_name(row)} would fit: {_cost(row)}, WER {_wer(row)}.",)


def _figures(best: Costed) -> tuple[Figure, ...]:
    accuracy = best.cell.accuracy
    return (
        _figure("latency", best.estimate.latency_s, seconds),
        _figure("energy", best.estimate.energy_j, joules),
        *((_figure("word error rate", accuracy.wer, percent),) if accuracy else ()),
        Figure("weights", size(best.cell.packed_bytes), "packed"),
    )


def _figure(label: str, value: Range, text: Callable[[float], str]) -> Figure:
    return Figure(label, text(value.nominal), spread(text(value.low), text(value.high)))


def _name(row: Costed) -> str:
    return f"{row.cell.model} in {row.cell.recipe}"


def _cost(row: Costed) -> str:
    return f"{seconds(latency_s(row))} and {joules(row.estimate.energy_j.nominal)}"


def _wer(row: Costed) -> str:
    return percent(row.wer) if row.wer is not None else "not measured"


def _spoken(term: str) -> str:
    match term:
        case "compute":
            return "arithmetic"
        case "unpack":
            return "unpacking weights"
        case "overhead":
            return "fixed overhead"
        case "host":
            return "work on the host"
        case level:
            return f"waiting for {level}"


def _listed(rows: list[Costed]) -> str:
    names = [_name(row) for row in rows[:MOST_LISTED]]
    if len(rows) > MOST_LISTED:
        names.append(f"{len(rows) - MOST_LISTED} more")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
