import pytest

from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.metrics import packed_bytes
from simulator.sweep.parts import PartFormat, part_of, with_parts
from traces.errors import EdgeAsrError
from traces.formats import Format
from traces.graph import Role
from traces.store import load_workload

NETWORK = load_workload("moonshine-micro")
FEW_BITS = Format.parse("int4_g32")


def test_weights_that_a_glob_names_take_the_format_and_others_keep_theirs() -> None:
    base = load_recipe("w8a8")
    recipe = with_parts(base, NETWORK, parts=(PartFormat("weight", "model.decoder.*.fc?", FEW_BITS),))
    assert recipe.layer_formats("model.decoder.layers.0.mlp.fc1").weight == FEW_BITS
    assert recipe.layer_formats("model.decoder.layers.0.mlp.fc1").activation == Format.parse("int8_token")
    assert recipe.layer_formats("model.encoder.layers.0.mlp.fc1") == base.layer_formats(
        "model.encoder.layers.0.mlp.fc1"
    )
    assert packed_bytes(annotated(NETWORK, recipe)) < packed_bytes(annotated(NETWORK, base))
    assert recipe.name == "w8a8+weight:model.decoder.*.fc?=int4_g32"


def test_a_float_recipe_gets_a_method_with_its_first_integers() -> None:
    recipe = with_parts(load_recipe("float"), NETWORK, parts=(PartFormat("weight", "*.fc?", FEW_BITS),))
    assert [step.name for step in recipe.methods] == ["rtn"]


def test_caches_take_a_format_of_their_own() -> None:
    cache, base = PartFormat("kv", "*.self_attn", Format.parse("int4_token")), load_recipe("w8a8")
    before, after = (
        {tensor.format.name for graph in network.graphs for tensor in graph.tensors if tensor.role is Role.KV}
        for network in (
            annotated(NETWORK, base),
            annotated(NETWORK, with_parts(base, NETWORK, parts=(cache,))),
        )
    )
    assert after == before | {"int4_token"}
    assert "int4_token" not in before


def test_later_parts_come_first() -> None:
    parts = (PartFormat("weight", "*", FEW_BITS), PartFormat("weight", "*.fc1", Format.parse("int2_g32")))
    recipe = with_parts(load_recipe("w8a8"), NETWORK, parts=parts)
    assert recipe.layer_formats("model.decoder.layers.0.mlp.fc1").weight == Format.parse("int2_g32")
    assert recipe.layer_formats("model.decoder.layers.0.mlp.fc2").weight == FEW_BITS


def test_keys_that_name_parts() -> None:
    assert part_of("weight:*.fc?") == ("weight", "*.fc?")
    assert part_of("levels.sram.size_bytes") is None
    with pytest.raises(EdgeAsrError, match=r"unknown part of a recipe .* 'weights'; did you mean weight"):
        part_of("weights:*")


def test_a_glob_that_names_nothing_is_an_error() -> None:
    with pytest.raises(EdgeAsrError, match="fc9=int4_g32: no module with weights of moonshine-micro has"):
        with_parts(load_recipe("w8a8"), NETWORK, parts=(PartFormat("weight", "*.fc9", FEW_BITS),))
