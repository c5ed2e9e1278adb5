"""A rotated network computes what the float network does."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel

from quant.methods.quarot import QuarotConfig
from quant.recipe import Recipe
from quant.rotations.modules import HadamardSelfAttention, Rotation
from quant.rotations.restructure import restructure_
from tests.quant.networks import inputs, logits, moonshine, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from tests.quant.rotations.rotating import restructured, rotate_
from traces.errors import EdgeAsrError

NETWORKS: dict[str, Callable[[], PreTrainedModel]] = {
    "whisper": whisper,
    "whisper of core 20": lambda: whisper(160, layers=1),
    "moonshine": moonshine,
    "moonshine with heads of 36": lambda: moonshine(72, heads=2, layers=1),
    "moonshine with heads of 52": lambda: moonshine(416, heads=8, layers=1),
    "moonshine with heads of 18, for which there is no Hadamard matrix": lambda: moonshine(
        72, heads=4, layers=1
    ),
}
QUANTIZED_CACHE = uniform("int8_channel", attention="int8_token")
FLOAT_CACHE = uniform("int8_channel")


def error(found: Tensor, reference: Tensor) -> float:
    return float((found - reference).norm() / reference.norm())


@pytest.mark.parametrize("recipe", [QUANTIZED_CACHE, FLOAT_CACHE], ids=["kv int8", "kv float16"])
@pytest.mark.parametrize("outliers", [False, True], ids=["plain", "outliers"])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_unchanged(name: str, outliers: bool, recipe: Recipe) -> None:
    model = NETWORKS[name]()
    if outliers:
        inject_outliers_(model)
    reference = logits(model)
    working = restructured(model, recipe)
    assert error(logits(working), reference) < 1e-5
    rotate_(working)
    assert error(logits(working), reference) < 1e-5
    assert torch.equal(logits(model), reference)


@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_generation_is_unchanged(name: str) -> None:
    model = NETWORKS[name]()
    working = restructured(model, QUANTIZED_CACHE)
    rotate_(working)
    assert torch.equal(generated(working), generated(model))


@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_rotations_flatten_what_layers_read(name: str) -> None:
    model = NETWORKS[name]()
    inject_outliers_(model)
    working = restructured(model, FLOAT_CACHE)
    rotate_(working)
    for layer in ("model.encoder.layers.1.self_attn.q_proj", "model.decoder.layers.1.encoder_attn.v_proj"):
        assert peak(model, layer) > 10.0
        assert peak(working, layer) < 6.0


def test_keys_are_rotated_at_run_time_only_behind_rope_and_for_integers() -> None:
    for family in ("whisper", "moonshine"):
        working = restructured(NETWORKS[family](), QUANTIZED_CACHE)
        online = [name for name, part in working.named_modules() if isinstance(part, HadamardSelfAttention)]
        assert len(online) == (4 if family == "moonshine" else 0)
        assert all(name.endswith("self_attn") for name in online)
    plain = restructured(moonshine(), FLOAT_CACHE)
    assert not any(isinstance(part, HadamardSelfAttention) for part in plain.modules())


def test_rotations_stand_where_streams_begin_and_end_and_the_head_stays_tied() -> None:
    working = restructured(whisper(), FLOAT_CACHE)
    assert {name for name, part in working.named_modules() if isinstance(part, Rotation)} == {
        "model.encoder.layers.0.rotation",
        "model.decoder.layers.0.rotation",
        "model.decoder.layer_norm.rotation",
    }
    assert working.get_parameter("proj_out.weight") is working.get_parameter(
        "model.decoder.embed_tokens.weight"
    )
    norms = [part for part in working.modules() if isinstance(part, nn.RMSNorm)]
    assert len(norms) == 2 * 2 + 1 + 2 * 3
    assert not any(part.elementwise_affine for part in norms)


def test_a_network_is_rotated_once() -> None:
    working = restructured(whisper(), FLOAT_CACHE)
    with pytest.raises(EdgeAsrError, match=r"self_attn_layer_norm' is a RMSNorm: .* rotated already"):
        restructure_(working, QuarotConfig(), recipe=FLOAT_CACHE)


def generated(model: PreTrainedModel) -> Tensor:
    with torch.no_grad():
        found: Tensor = GenerationMixin.generate(
            model,
            inputs(model),
            decoder_input_ids=torch.ones(2, 1, dtype=torch.long),
            max_new_tokens=10,
            min_new_tokens=10,
            do_sample=False,
        )
    return found


def peak(model: PreTrainedModel, layer: str) -> float:
    """The largest value a layer reads, in units of the root mean square."""
    seen: list[Tensor] = []
    hook = model.get_submodule(layer).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    logits(model)
    hook.remove()
    return float(seen[0].abs().max() / seen[0].square().mean().sqrt())
