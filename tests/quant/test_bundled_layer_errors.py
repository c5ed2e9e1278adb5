"""Layer errors of a bundled model on utterances no method has seen: a short form of benchmarks.layer_errors.

What the methods reach with the study's settings stands in docs/quantization.md; here they see a tenth of its
utterances, and those that learn take a few steps.
"""

from functools import cache

import pytest

from asr.calibration import calibration_data
from asr.corpora import load_corpus
from asr.models import load_recogniser
from quant.layer_errors import LayerErrorRow, layer_error_rows
from quant.methods import METHODS
from quant.methods.omniquant import OmniquantConfig
from quant.methods.tesseraq import TesseraqConfig
from quant.recipe import MethodStep, load_recipe, with_methods

CONFIGS = {name: METHODS[name].config() for name in ("gptq", "awq", "hqq")} | {
    "omniquant": OmniquantConfig(epochs=3, lwc_learning_rate=0.1),
    "tesseraq": TesseraqConfig(iterations=2, learning_rate=0.1),
}


@cache
def rows() -> dict[str, LayerErrorRow]:
    recogniser, corpus = load_recogniser("moonshine-micro"), load_corpus("bundled:calibration")
    seen, held_out = (
        calibration_data(recogniser, corpus, start=start, limit=limit) for start, limit in ((0, 12), (12, 4))
    )
    recipes = [
        with_methods(load_recipe("w3a16"), (MethodStep(name, config),), name=name)
        for name, config in CONFIGS.items()
    ]
    found = layer_error_rows(
        "moonshine-micro", recogniser.model, recipes=recipes, calibration=seen, held_out=held_out
    )
    return {row.recipe: row for row in found}


@pytest.mark.parametrize(("method", "most"), [("gptq", 0.75), ("awq", 0.9), ("hqq", 0.999)])
def test_layers_alone_err_less_than_by_rounding(method: str, most: float) -> None:
    assert rows()[method].ratio <= most


@pytest.mark.parametrize(
    ("method", "most"), [("gptq", 0.75), ("awq", 0.9), ("omniquant", 0.9), ("tesseraq", 1.0)]
)
def test_layers_in_the_network_err_less_than_by_rounding(method: str, most: float) -> None:
    assert rows()[method].network_ratio <= most
