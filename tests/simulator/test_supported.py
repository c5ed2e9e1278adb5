"""What chips compute, only store, or leave to the host."""

from hwmodels.chip_file import load_chip
from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep
from quant.uniform import uniform_recipe
from simulator.supported import FormatSupport, Support, supports, usable

RTN = (MethodStep("rtn", RtnConfig()),)
LAYER, ATTENTION = "model.encoder.layers.0.fc1", "model.decoder.layers.0.self_attn"


def on(chip: str, *names: str) -> dict[str, FormatSupport]:
    recipes = [uniform_recipe(name, RTN) for name in names]
    found = supports(load_chip(chip), recipes, layer=LAYER, attention=ATTENTION)
    return dict(zip(names, found, strict=True))


def test_an_npu_computes_8_bits_stores_4_and_leaves_floats_to_the_host() -> None:
    found = on("ethos-u85-256", "w8a8", "w4a8-g32", "float")
    assert [item.support for item in found.values()] == [Support.COMPUTED, Support.STORED, Support.HOST]
    assert found["w8a8"].why == ""
    assert found["w4a8-g32"].why


def test_attention_that_always_runs_on_the_host_does_not_count() -> None:
    found = on("coral-edge-tpu", "w8a8", "w8a16")
    assert found["w8a8"].support is Support.COMPUTED
    assert found["w8a16"].support is Support.HOST


def test_the_host_is_a_last_resort() -> None:
    found = tuple(on("ethos-u85-256", "w8a8", "float").values())
    assert usable(found) == ("w8a8",)
    assert usable(found[1:]) == ("float",)


def test_each_reason_is_said_once() -> None:
    found = on("ethos-u85-256", "w4a16-g32")["w4a16-g32"]
    reasons = found.why.split("; ")
    assert len(reasons) >= 2
    assert len(set(reasons)) == len(reasons)
