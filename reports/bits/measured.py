"""Word error rates of mixed networks, measured once and kept in the run folder."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from asr.evaluate import Evaluation
from quant.recipe import Recipe, load_recipe
from reports.bits.question import Question
from reports.data import FLOAT_RECIPE, Accuracy
from reports.study.assemble import accuracy_of
from reports.study.folder import RunFolder
from reports.study.jobs import measure_jobs
from reports.study.measure import Job
from traces.errors import EdgeAsrError
from traces.progress import Progress


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured: evaluations by recipe, the float network's among them."""

    question: Question
    evaluations: dict[str, Evaluation]

    @property
    def float_wer(self) -> float:
        """The float network's word error rate."""
        return self.evaluations[FLOAT_RECIPE].scores.wer

    def wer(self, recipe: str) -> float:
        """Return a measured network's word error rate."""
        return self.evaluations[recipe].scores.wer

    def accuracy(self, recipe: str, *, baseline: str = FLOAT_RECIPE) -> Accuracy:
        """Return a measured network's accuracy, its difference to the baseline's by a paired bootstrap."""
        other = self.evaluations[baseline] if baseline != recipe else None
        study = self.question.study()
        return accuracy_of(self.evaluations[recipe], other, n_resamples=study.resamples, seed=study.seed)


def measure_rates(
    question: Question,
    run: RunFolder,
    *,
    recipes: Sequence[Recipe],
    progress: Progress,
    executor: Executor | None = None,
) -> Rates:
    """Return the rates of the float network and of some recipes on the question's corpus.

    Raises:
        EdgeAsrError: if a network could not be measured; finished ones are kept.
    """
    by_name = {recipe.name: recipe for recipe in (load_recipe(FLOAT_RECIPE), *recipes)}
    study = question.study()
    jobs = [Job(study, run.path, question.model, recipe) for recipe in by_name.values()]
    cells, failures = measure_jobs(jobs, run, progress=progress, executor=executor)
    if failures:
        raise EdgeAsrError(f"{failures[0]}; what is finished is kept, and the same command continues")
    return Rates(question, {cell.cell.recipe: cell.evaluation for cell in cells})
