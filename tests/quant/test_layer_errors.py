"""The table of methods by the errors they leave in the layers."""

from dataclasses import replace

import pytest

from quant.layer_errors import layer_error_row, layer_error_rows, rounded_to_nearest
from quant.methods.rtn import RtnConfig
from quant.quantize import quantize
from quant.recipe import MethodStep, load_recipe
from tests.quant.networks import calibration, whisper
from tests.quant.recipes import uniform
from traces.errors import EdgeAsrError


def test_rounding_to_nearest_is_the_unit() -> None:
    model = whisper()
    data = calibration(model)
    plain, searched = layer_error_rows(
        "whisper",
        model,
        recipes=(uniform("int3_channel"), uniform("int3_channel", search=True)),
        calibration=data,
        held_out=data,
    )
    assert (plain.ratio, plain.ratio_q1, plain.worst_ratio, plain.network_ratio) == (1.0, 1.0, 1.0, 1.0)
    assert plain.n_layers == 2 * 6 + 2 * 10
    assert searched.ratio < 1.0
    assert searched.ratio_q1 <= searched.ratio <= searched.ratio_q3 <= searched.worst_ratio
    assert searched.relative_error == pytest.approx(plain.relative_error * searched.ratio, rel=0.05)


def test_lookups_head_and_front_end_do_not_count() -> None:
    model = whisper()
    data = calibration(model)
    details = quantize(model, load_recipe("w3a16"), details=data).details
    doubled = tuple(
        replace(detail, relative_error=2 * detail.relative_error, network_error=3 * detail.network_error)
        if ".layers." in detail.module and detail.relative_error and detail.network_error
        else replace(detail, relative_error=9.0)
        for detail in details
    )
    row = layer_error_row("whisper", "doubled", details=doubled, reference=details)
    assert row.ratio == row.worst_ratio == pytest.approx(2.0)
    assert row.network_ratio == pytest.approx(3.0)


def test_layers_that_come_out_exact_have_no_error() -> None:
    model = whisper()
    data = calibration(model)
    details = quantize(model, load_recipe("w3a16"), details=data).details
    names = [detail.module for detail in details if ".layers." in detail.module]
    exact = tuple(
        replace(detail, relative_error=0.0, network_error=0.0) if detail.module in names[:20] else detail
        for detail in details
    )
    row = layer_error_row("whisper", "mostly exact", details=exact, reference=details)
    assert (row.n_layers, row.ratio, row.worst_ratio) == (len(names), 0.0, 1.0)
    with pytest.raises(EdgeAsrError, match="'w3a16' rounds no linear layer of 'whisper'"):
        layer_error_row(
            "whisper", "w3a16", details=details, reference=[d for d in exact if d.module in names[:20]]
        )


def test_the_reference_has_the_same_formats() -> None:
    recipe = load_recipe("w3a16")
    plain = rounded_to_nearest(recipe)
    assert plain.layers == recipe.layers
    assert plain.methods == (MethodStep("rtn", RtnConfig(range="minmax")),)
    assert rounded_to_nearest(replace(recipe, name="other")) == plain
