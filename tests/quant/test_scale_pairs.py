"""Every pair leaves the float network as it is, with random scales, on both families and with outliers."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from quant.blocks.block import Block
from quant.blocks.walk import CROSS, walk
from quant.layers import working_copy
from quant.methods.problem import BlockResult, Problem
from quant.methods.quarot import QuarotConfig, prepare_rotations_
from quant.plan import make_plan
from quant.recipe import load_recipe
from quant.scale_pairs import PairKind, ScalePair, folded, pair_parameters, scale_pairs
from quant.weights import round_weight
from tests.quant.networks import NETWORKS, calibration, logits, moonshine, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from traces.errors import EdgeAsrError

N_PAIRS = {"whisper": 1 + 2 * 4 + 2 * 7, "moonshine": 1 + 2 * 4 + 2 * 8}
"""CROSS; per encoder layer both norms, values and query-key; per decoder layer also the cross-attention's
three, and Moonshine's gate."""

Choose = Callable[[ScalePair], Tensor]


def scaled_network(
    model: PreTrainedModel, choose: Choose, kinds: tuple[PairKind, ...] = tuple(PairKind)
) -> tuple[PreTrainedModel, list[ScalePair]]:
    """Fold a scale into every pair of some kinds."""
    working = working_copy(model)
    seen: list[ScalePair] = []

    def solve(block: Block) -> BlockResult:
        pairs = tuple(pair for pair in scale_pairs(block) if pair.kind in kinds)
        parameters = pair_parameters(block, pairs)
        for pair in pairs:
            seen.append(pair)
            parameters = parameters | folded(parameters, pair, scale=choose(pair))
        return BlockResult(parameters=parameters)

    walk(Problem(working, (), calibration(model), step="test"), solve, quantized=False)
    return working, seen


def random_scales() -> Choose:
    """Scales from 0.03 to 30, evenly over their logarithm."""
    generator = torch.Generator().manual_seed(7)

    def choose(pair: ScalePair) -> Tensor:
        return 0.03 * 1000.0 ** torch.rand(pair.n_values, generator=generator)

    return choose


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("kind", PairKind)
def test_each_kind_of_pair_is_exact(family: str, kind: PairKind) -> None:
    model = NETWORKS[family]()
    scaled, pairs = scaled_network(model, random_scales(), (kind,))
    assert bool(pairs) == (family == "moonshine" or kind is not PairKind.GATED)
    assert relative(logits(scaled), logits(model)) <= 1e-4


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("width", [64, 288])
def test_all_pairs_together_are_exact_with_outliers(family: str, width: int) -> None:
    model = NETWORKS[family](width)
    inject_outliers_(model)
    scaled, pairs = scaled_network(model, random_scales())
    assert len(pairs) == N_PAIRS[family]
    assert relative(logits(scaled), logits(model)) <= 1e-4


@pytest.mark.parametrize("family", NETWORKS)
def test_the_callers_network_keeps_its_parameters(family: str) -> None:
    model = NETWORKS[family]()
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    scaled_network(model, random_scales())
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


@pytest.mark.parametrize("family", NETWORKS)
def test_around_gelu_no_scale_is_exact(family: str) -> None:
    """Why fc1 and fc2 of a plain MLP are no pair."""
    model = NETWORKS[family]()
    layer = working_copy(model)
    block = layer.get_submodule("model.encoder.layers.0")
    mlp = block if family == "whisper" else block.mlp
    scale = torch.full((mlp.fc2.in_features,), 3.0)
    mlp.fc1.weight.data = mlp.fc1.weight / scale[:, None]
    mlp.fc1.bias.data = mlp.fc1.bias / scale
    mlp.fc2.weight.data = mlp.fc2.weight * scale
    assert relative(logits(layer), logits(model)) > 1e-2


def test_the_gated_half_is_the_first_half() -> None:
    """Scaling the gate's rows instead is not exact."""
    model = working_copy(moonshine())
    mlp = model.get_submodule("model.decoder.layers.0.mlp")
    scale = torch.full((mlp.fc2.in_features,), 3.0)
    mlp.fc1.weight.data = mlp.fc1.weight / torch.cat([torch.ones_like(scale), scale])[:, None]
    mlp.fc2.weight.data = mlp.fc2.weight * scale
    assert relative(logits(model), logits(moonshine())) > 1e-2


def test_rotated_channels_share_a_value_in_pairs() -> None:
    """Heads of 16 of which 0.9 is rotated: 14 channels in 7 pairs, and 2 of their own."""
    pair = ScalePair(PairKind.QUERY_KEY, "q", ("k",), 32, head_size=16, n_rotated=14)
    assert pair.n_values == 2 * (7 + 2)
    per_channel = pair.per_channel(torch.arange(18.0)).reshape(2, 16).tolist()
    assert per_channel[0] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8]
    assert per_channel[1] == [9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 17]
    seen = [pair for pair in scaled_network(moonshine(), random_scales())[1] if pair.n_rotated]
    assert {(pair.head_size, pair.n_rotated) for pair in seen} == {(16, 14)}
    assert all(".self_attn." in pair.source for pair in seen)


def test_scaling_half_of_a_rotated_pair_is_not_exact() -> None:
    model = working_copy(moonshine())
    attention = model.get_submodule("model.encoder.layers.0.self_attn")
    scale = torch.ones(64).index_fill(0, torch.arange(0, 64, 16), 5.0)
    attention.q_proj.weight.data = attention.q_proj.weight / scale[:, None]
    attention.k_proj.weight.data = attention.k_proj.weight * scale[:, None]
    assert relative(logits(model), logits(moonshine())) > 1e-3


def test_a_scale_has_a_gradient() -> None:
    pair = ScalePair(PairKind.VALUE, "v", ("out",), 4)
    parameters = {name: torch.randn(4, 4) for name in ("v.weight", "out.weight")}
    parameters |= {"v.bias": torch.randn(4)}
    scale = torch.full((4,), 2.0, requires_grad=True)
    changed = folded(parameters, pair, scale=scale)
    assert changed.keys() == parameters.keys()
    (found,) = torch.autograd.grad([value.sum() for value in changed.values()], scale)
    expected = (
        parameters["out.weight"].sum(0) - (parameters["v.weight"].sum(1) + parameters["v.bias"]) / 2.0**2
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("family", NETWORKS)
def test_what_is_rounded_already_is_offered_no_more(family: str) -> None:
    """The cross-attention's keys and values are integers before a decoder layer's turn comes."""
    model = NETWORKS[family]()
    working = working_copy(model)
    layers = tuple(layer for layer in make_plan(working, load_recipe("w4a16")).layers if not layer.is_tied)
    offered: dict[str, tuple[ScalePair, ...]] = {}

    def solve(block: Block) -> BlockResult:
        offered[block.name] = scale_pairs(block)
        return BlockResult(
            {
                layer.module: round_weight(block.weight(layer), layer.weight, module=layer.module)
                for layer in block.layers
            }
        )

    walk(Problem(working, layers, calibration(model), step="test"), solve)
    (cross,) = offered[CROSS]
    assert len(cross.targets) == 4
    decoder = offered["model.decoder.layers.0"]
    assert not any(".encoder_attn." in pair.source for pair in decoder)
    assert any(pair.targets == ("model.decoder.layers.0.encoder_attn.q_proj",) for pair in decoder)


def test_a_norm_without_weight_offers_nothing() -> None:
    class Weightless(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.nn.functional.layer_norm(x, x.shape[-1:])

    model = whisper()
    model.get_submodule("model.encoder.layers.0").self_attn_layer_norm = Weightless()
    _, pairs = scaled_network(model, random_scales())
    assert len(pairs) == N_PAIRS["whisper"] - 1


@pytest.mark.parametrize("family", NETWORKS)
def test_pairs_of_a_rotated_network_are_exact(family: str) -> None:
    """Hadamard transforms at run time lie in the gated MLP and behind RoPE, and no norm has a weight."""
    model = NETWORKS[family]()
    recipe = uniform("int4_channel", "int4_token", attention="int4_token")
    prepare_rotations_(model, QuarotConfig(), recipe)
    scaled, pairs = scaled_network(model, random_scales())
    found = {(pair.kind, ".encoder_attn." in pair.source) for pair in pairs}
    expected = {(PairKind.VALUE, False), (PairKind.VALUE, True), (PairKind.QUERY_KEY, True)}
    assert found == (expected | {(PairKind.QUERY_KEY, False)} if family == "whisper" else expected)
    assert relative(logits(scaled), logits(model)) <= 1e-4


def test_values_shared_by_several_heads_are_no_pair() -> None:
    model = whisper()
    layer = model.get_submodule("model.encoder.layers.0")
    layer.self_attn.k_proj = layer.self_attn.v_proj = torch.nn.Linear(64, 32)
    block = Block("b", (), layer, layer, {"b": ""}, ())
    assert {pair.kind for pair in scale_pairs(block)} == {PairKind.ATTENTION_INPUT, PairKind.MLP_INPUT}


def test_an_unknown_layer_is_refused() -> None:
    layer = torch.nn.Linear(2, 2)
    with pytest.raises(EdgeAsrError, match=r"looked for WhisperEncoderLayer, .*found Linear"):
        scale_pairs(Block("h.0", (), layer, layer, {"h.0": ""}, ()))
