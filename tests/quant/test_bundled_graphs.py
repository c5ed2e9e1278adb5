"""A recipe that annotates the stored graphs gives what tracing the quantized bundled network gives."""

import pytest

from asr.models import load_recogniser
from quant.quantize import quantize
from quant.recipe import bundled_recipes, load_recipe
from simulator.annotate import annotated
from traces.recognisers import trace_recogniser
from traces.store import load_workload

RECIPES = [name for name in bundled_recipes() if not load_recipe(name).needs_calibration]


@pytest.mark.parametrize("model", ["whisper-micro", "moonshine-micro"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_annotated_equals_traced(model: str, recipe: str) -> None:
    stored, chosen = load_workload(model), load_recipe(recipe)
    quantized = quantize(load_recogniser(model).model, chosen)
    traced = trace_recogniser(quantized.model, model, prompt_tokens=stored.prompt_tokens)
    assert traced.graphs == annotated(stored, chosen).graphs
