"""The answer in sentences: what was chosen, what it rests on, and which bits buy nothing on this chip."""

import math
import re
from collections.abc import Iterator

from reports.bits.answer import GAP, Answer
from reports.bits.rows import budget_rows, formats_of
from reports.units import joules, percent, points, seconds, significant, size
from simulator.mixtures.problem import Mixture

NOTHING = 0.01
"""A difference below this share is called nothing."""

_WEIGHTS = re.compile(r"w([2-7])(a\d+)(-.*)?")


def verdict(answer: Answer) -> tuple[str, ...]:
    """Return what was found, the most important first."""
    return (*_chosen(answer), *_budgets(answer), *_accuracy(answer), *_simpler(answer))


def shown_amount(key: str, value: float) -> str:
    """Return an amount of a budget in readable units."""
    if key.endswith("_bytes"):
        return size(value)
    return joules(value) if key.endswith("_j") else seconds(value)


def gains(answer: Answer) -> tuple[str, ...]:
    """Return what each narrower weight format buys on this chip in a uniform network, and what not."""
    return tuple(_gains(answer))


def _chosen(answer: Answer) -> Iterator[str]:
    question, chip = answer.question, answer.formats.chip.name
    if not answer.solution.is_feasible:
        n_formats = len(answer.formats.names)
        yield f"{question.model} on {chip}: no mixture of {n_formats} formats meets the budget."
        return
    gap = answer.solution.gap
    if question.utterance is not None:
        other = "" if gap < GAP else f", though another might give up {percent(gap)} less"
        yield (
            f"{question.model} on {chip}: {formats_of(answer)}. Of all mixtures within the budget this one "
            f"keeps most weight bits{other}. Nothing was measured: its word error rate is not known."
        )
        return
    least = "proven least" if gap < GAP else f"of which another mixture might save at most {percent(gap)}"
    yield (
        f"{question.model} on {chip}: {formats_of(answer)}. The summed damage is "
        f"{significant(answer.chosen.damage)} nats per token, {least}."
    )


def _budgets(answer: Answer) -> Iterator[str]:
    for row in budget_rows(answer):
        limit, used = shown_amount(row.budget, row.limit), shown_amount(row.budget, row.used)
        if row.is_met:
            bad = shown_amount(row.budget, row.pessimistic)
            also = "" if row.pessimistic == row.used else f"; {bad} at the chip's pessimistic numbers"
            yield f"{row.budget}: {used} of {limit}, {percent(1 - row.share)} to spare{also}."
        else:
            yield f"{row.budget}: {used} against {limit}, {percent(row.share - 1)} over."
    if answer.solution.is_feasible:
        return
    for key, needed in answer.needed.items():
        if needed is not None:
            yield f"With {key}={_rounded_up(needed)} and the other budgets as they are it can be met."
    if all(needed is None for needed in answer.needed.values()):
        yield "No single budget is enough to relax: each is out of reach with the others as they are."


def _rounded_up(value: float) -> str:
    """Return a limit of four digits that is met where the exact one is."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 3)
    return f"{math.ceil(value / unit) * unit:.4g}"


def _accuracy(answer: Answer) -> Iterator[str]:
    question, rates, trust = answer.question, answer.rates, answer.trust
    if rates is not None:
        found = rates.accuracy(answer.chosen.recipe.name)
        difference = found.wer_difference
        said = f"Measured word error rate on {question.corpus}: {percent(found.wer.nominal)}"
        if answer.predicted_wer is not None:
            said += f" (predicted {percent(answer.predicted_wer)})"
        if difference is not None:
            said += (
                f", {points(difference.nominal)} points to float's {percent(rates.float_wer)} "
                f"({points(difference.low)} to {points(difference.high)})"
            )
        yield said + "."
        allowed, increase = question.max_wer_increase, answer.wer_increase
        if allowed is not None and increase is not None and increase > allowed:
            yield f"That is more than the {points(allowed)} points that are allowed; give it a larger budget."
    if trust is not None and trust.correlation is not None and trust.error is not None:
        r = trust.correlation
        yield (
            f"Over {trust.n_points} measured recipes the rank correlation (Spearman) of damage and word "
            f"error rate is {r.nominal:.2f} ({r.low:.2f} to {r.high:.2f}); rates predicted from the other "
            f"recipes miss by {100 * trust.error:.1f} points on average."
        )


def _simpler(answer: Answer) -> Iterator[str]:
    """Name the uniform network with the least measured rate that meets the budget, if there is one."""
    rates = answer.rates
    within = [each for each in answer.uniform if each.meets(answer.limits)]
    if rates is None or not answer.solution.is_feasible:
        return
    if not within:
        yield "No uniform network meets the budget."
        return
    known = [each.recipe.name for each in within if each.recipe.name in rates.evaluations]
    if not known:
        names = ", ".join(each.recipe.name for each in within)
        yield f"Uniform networks that meet the budget were not measured: {names}."
        return
    name = min(known, key=rates.wer)
    difference = rates.accuracy(answer.chosen.recipe.name, baseline=name).wer_difference
    if difference is None:
        return
    beyond = "within noise" if difference.includes_zero else "beyond noise"
    yield (
        f"The best uniform network measured within the budget is {name} at {percent(rates.wer(name))}: the "
        f"mixture is {points(difference.nominal)} points from it "
        f"({points(difference.low)} to {points(difference.high)}), {beyond}."
    )


def _gains(answer: Answer) -> Iterator[str]:
    by_name = {mixture.recipe.name: mixture for mixture in answer.uniform}
    reasons = {found.name: found for found in answer.formats.supports}
    for name, narrow in by_name.items():
        found = _WEIGHTS.fullmatch(name)
        wide = by_name.get(f"w8{found[2]}") if found and "kv" not in (found[3] or "") else None
        if found is None or wide is None:
            continue
        less = percent(1 - narrow.used["packed_bytes"] / wide.used["packed_bytes"])
        support = reasons.get(name)
        why = f" ({support.why})" if support and support.why else ""
        yield (
            f"{found[1]}-bit weights, {name} for {wide.recipe.name}: "
            f"latency {_change(narrow, wide, 'latency_s')}, energy {_change(narrow, wide, 'energy_j')}, "
            f"checkpoint {less} smaller{why}."
        )


def _change(narrow: Mixture, wide: Mixture, key: str) -> str:
    ratio = narrow.used[key] / wide.used[key]
    amounts = f"{shown_amount(key, wide.used[key])} to {shown_amount(key, narrow.used[key])}"
    if abs(ratio - 1) < NOTHING:
        return f"nothing gained ({amounts})"
    return f"{percent(abs(1 - ratio))} {'less' if ratio < 1 else 'more'} ({amounts})"
