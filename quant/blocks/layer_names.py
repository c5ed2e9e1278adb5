"""What the modules of a transformer layer are called, by the class of the layer."""

from dataclasses import dataclass

from torch import nn

from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class LayerNames:
    """Modules of one kind of transformer layer, all pre-norm; names are relative to the layer.

    The attentions are `self_attn` and, where there is a `cross_norm`, `encoder_attn`; each has `q_proj`,
    `k_proj`, `v_proj` and `out`. Self-attention with RoPE turns its queries and keys; a gated fc1 writes the
    linear half first and the gate second.
    """

    self_norm: str
    mlp_norm: str
    out: str
    fc1: str
    fc2: str
    cross_norm: str = ""
    has_rope: bool = False
    is_gated: bool = False


LAYER_NAMES: dict[str, LayerNames] = {
    "WhisperEncoderLayer": LayerNames("self_attn_layer_norm", "final_layer_norm", "out_proj", "fc1", "fc2"),
    "WhisperDecoderLayer": LayerNames(
        "self_attn_layer_norm",
        "final_layer_norm",
        "out_proj",
        "fc1",
        "fc2",
        cross_norm="encoder_attn_layer_norm",
    ),
    "MoonshineEncoderLayer": LayerNames(
        "input_layernorm", "post_attention_layernorm", "o_proj", "mlp.fc1", "mlp.fc2", has_rope=True
    ),
    "MoonshineDecoderLayer": LayerNames(
        "input_layernorm",
        "final_layernorm",
        "o_proj",
        "mlp.fc1",
        "mlp.fc2",
        cross_norm="post_attention_layernorm",
        has_rope=True,
        is_gated=True,
    ),
}
"""By class, because what a transform may do follows from what a layer computes, not from its names."""


def layer_names(layer: nn.Module, *, where: str) -> LayerNames:
    """Return the names of a layer's modules; `where` is its own name.

    Raises:
        EdgeAsrError: the layer is of neither Whisper nor Moonshine.
    """
    kind = type(layer).__name__
    if kind not in LAYER_NAMES:
        raise EdgeAsrError(
            f"the modules of '{where}' are not known: looked for {', '.join(LAYER_NAMES)}, found {kind}"
        )
    return LAYER_NAMES[kind]
