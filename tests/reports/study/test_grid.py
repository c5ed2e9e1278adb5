from dataclasses import replace
from typing import Any

import pytest

from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep, load_recipe
from reports.study.config import Pipeline, Study, load_study
from reports.study.grid import variants
from traces.errors import EdgeAsrError

MINMAX = MethodStep("rtn", RtnConfig())
MSE = MethodStep("rtn", RtnConfig(range="mse"))
STUDY = replace(
    load_study(),
    name="grid",
    recipes=("float",),
    formats=("w8a8", "w4a16-g32"),
    methods=(Pipeline("rtn", (MINMAX,)), Pipeline("mse", (MSE,))),
)


def names(study: Study) -> list[str]:
    return [variant.recipe.name for variant in variants(study)]


def test_the_grid_is_formats_times_methods() -> None:
    assert names(STUDY) == ["float", "w8a8+rtn", "w8a8+mse", "w4a16-g32+rtn", "w4a16-g32+mse"]
    plain, *grid = variants(STUDY)
    assert (plain.recipe, plain.formats, plain.method) == (load_recipe("float"), "float", "")
    for variant in grid:
        assert variant.recipe.layers == load_recipe(variant.formats).layers
        assert variant.recipe.methods == ((MINMAX,) if variant.method == "rtn" else (MSE,))


def test_globs_exclude_combinations() -> None:
    assert names(replace(STUDY, exclude=("w8a8+m*",))) == [
        "float",
        "w8a8+rtn",
        "w4a16-g32+rtn",
        "w4a16-g32+mse",
    ]
    assert names(replace(STUDY, exclude=("*+*",))) == ["float"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exclude": ("w4a16+rtn",)}, "'grid': exclude: 'w4a16\\+rtn' fits no recipe of the grid"),
        ({"exclude": ("float",)}, "exclude: 'float' fits no recipe"),
        ({"recipes": (), "exclude": ("*",)}, "exclude leaves no recipe"),
        ({"formats": ("w9a8",)}, "unknown recipe 'w9a8'; did you mean"),
    ],
)
def test_a_mistake_in_the_grid_is_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        variants(replace(STUDY, **change))


def test_two_recipes_of_one_name_are_an_error() -> None:
    with pytest.raises(EdgeAsrError, match="two recipes are named 'float'"):
        variants(replace(STUDY, recipes=("float", "quant/recipes/float.yaml")))
