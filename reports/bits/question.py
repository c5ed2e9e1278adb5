"""What is asked: a model, chips, a budget, and how accuracy is measured."""

from dataclasses import dataclass

from quant.methods import METHODS
from quant.recipe import MethodStep, Recipe
from quant.uniform import uniform_recipe
from reports.study.config import Study
from simulator.budgets import Limit
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError, unknown_name


@dataclass(frozen=True, slots=True)
class Question:
    """A model, the chips it is to run on, and what it may use there.

    `formats` are short names (`quant.uniform`); none for those each chip computes or stores. Sensitivities
    are measured on `sensitivity_utterances` of the calibration corpus, behind those that the method looks at.
    `confirmed` recipes are measured on the corpus to see how far sensitivities tell error rates.
    """

    model: str
    chips: tuple[str, ...]
    limits: tuple[Limit, ...]
    corpus: str = "bundled"
    formats: tuple[str, ...] = ()
    method: str = "gptq"
    max_wer_increase: float | None = None
    """A fraction: 0.01 is one point."""
    confirmed: int = 12
    calibration: str = "bundled:calibration"
    calibration_utterances: int = 128
    sensitivity_utterances: int = 24
    limit: int | None = None
    """At most so many utterances of the corpus; None for all."""
    utterance: Utterance | None = None
    """The one utterance whose cost is asked for, with nothing measured; None for those of the corpus."""
    batch_size: int = 16
    seed: int = 0
    time_limit_s: float = 60.0
    """How long the search for one chip's mixture may take before it says how much may be left to gain."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown_name("quantization method", self.method, known=METHODS)
        if not METHODS[self.method].lends_layers:
            lending = sorted(name for name, method in METHODS.items() if method.lends_layers)
            raise EdgeAsrError(
                f"method '{self.method}' changes the float network, so parts of it cannot be mixed; "
                f"use {', '.join(lending)}"
            )

        if self.utterance is not None and self.max_wer_increase is not None:
            raise EdgeAsrError("cost alone knows no word error rate to limit; drop --max-wer-increase")

    def steps(self) -> tuple[MethodStep, ...]:
        """Return the method with its default settings, as a recipe has it."""
        return (MethodStep(self.method, METHODS[self.method].config()),)

    def recipe(self, name: str) -> Recipe:
        """Return the uniform recipe of a format.

        Raises:
            EdgeAsrError: if the name is none.
        """
        return uniform_recipe(name, self.steps())

    def study(self) -> Study:
        """Return the conditions under which networks are measured, as a study has them."""
        return Study(
            name="bits",
            models=(self.model,),
            cost_only=(),
            recipes=(),
            formats=(),
            methods=(),
            exclude=(),
            chips=(),
            corpora=(self.corpus,),
            calibration=self.calibration,
            calibration_utterances=self.calibration_utterances,
            limit=self.limit,
            batch_size=self.batch_size,
            seed=self.seed,
            resamples=2000,
        )
