"""Where the parts of an encoder-decoder recogniser lie, by module name."""

from dataclasses import dataclass

from torch import nn

from traces.errors import EdgeAsrError

_LOOKED_FOR = ("model.encoder.layers", "model.encoder.layer_norm", "model.decoder.layers")


@dataclass(frozen=True, slots=True)
class Layout:
    """Module names of a recogniser, in the order they run.

    `encoder` and `decoder` are the layers of the stacks; `encoder_norm` is the norm behind the encoder, whose
    output all decoder layers read by their `cross_keys` and `cross_values`.
    """

    encoder: tuple[str, ...]
    encoder_norm: str
    cross_keys: tuple[str, ...]
    cross_values: tuple[str, ...]
    decoder: tuple[str, ...]


def layout_of(model: nn.Module) -> Layout:
    """Return where the stacks of a Whisper or Moonshine network lie.

    Raises:
        EdgeAsrError: if it is built otherwise: what was looked for, and what was found.
    """
    known = dict(model.named_modules())
    missing = [name for name in _LOOKED_FOR if name not in known]
    if not missing:
        decoder = tuple(f"model.decoder.layers.{index}" for index in range(_length(known[_LOOKED_FOR[2]])))
        wanted = [f"{layer}.encoder_attn.{part}" for layer in decoder for part in ("k_proj", "v_proj")]
        missing = [name for name in wanted if name not in known]
    if missing:
        found = ", ".join(name for name, _ in model.named_children()) or "no modules"
        raise EdgeAsrError(
            f"{type(model).__name__} is no Whisper or Moonshine network: looked for '{missing[0]}', "
            f"found {found}"
        )
    return Layout(
        encoder=tuple(f"model.encoder.layers.{index}" for index in range(_length(known[_LOOKED_FOR[0]]))),
        encoder_norm="model.encoder.layer_norm",
        cross_keys=tuple(f"{layer}.encoder_attn.k_proj" for layer in decoder),
        cross_values=tuple(f"{layer}.encoder_attn.v_proj" for layer in decoder),
        decoder=decoder,
    )


def _length(layers: nn.Module) -> int:
    return sum(1 for _ in layers.children())
