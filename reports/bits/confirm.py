"""Error rates of recipes over the whole range of damage, which say how far damage tells them."""

from reports.bits.measured import Rates, measure_rates
from reports.bits.setting import Setting
from reports.bits.trust import Point, Trust, trust_of
from reports.data import FLOAT_RECIPE
from simulator.mixtures.around import front
from simulator.mixtures.problem import Mixture, Problem, uniform


def confirm(setting: Setting, problem: Problem) -> tuple[Rates, Trust]:
    """Return measured rates of mixtures and uniform networks, as many as the question asks for.

    Raises:
        EdgeAsrError: if a network could not be measured; finished ones are kept.
    """
    question = setting.question
    known = {each.recipe.name: each for each in _spread(problem, question.confirmed)}
    rates = measure_rates(
        question,
        setting.run,
        recipes=[each.recipe for each in known.values()],
        progress=setting.progress,
        executor=setting.executor,
    )
    points = [Point(name, each.damage, rates.wer(name)) for name, each in known.items()]
    return rates, trust_of(points, rates.float_wer)


def _spread(problem: Problem, count: int) -> tuple[Mixture, ...]:
    """Return so many mixtures over the range of damage: half along the front of size, half uniform ones.

    The float network is the one they are compared with, and none of them.
    """
    if count == 0:
        return ()
    along, _ = front(problem, "packed_bytes", limits=(), n_points=(count + 1) // 2)
    along = tuple(each for each in along if each.recipe.name != FLOAT_RECIPE)
    known = {FLOAT_RECIPE, *(each.recipe.name for each in along)}
    others = [each for each in uniform(problem) if each.recipe.name not in known and each.damage > 0]
    others.sort(key=lambda each: each.damage)
    left = min(count - len(along), len(others))
    places = [round(place * (len(others) - 1) / max(left - 1, 1)) for place in range(left - 1, -1, -1)]
    return (*along, *(others[place] for place in dict.fromkeys(places)))
