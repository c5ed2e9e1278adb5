"""Which modules of a recogniser a rotation touches."""

from dataclasses import dataclass
from typing import cast

from torch import nn

from quant.blocks.layer_names import LayerNames, layer_names
from quant.blocks.layout import layout_of
from quant.rotations.names import ROTATION
from traces.errors import EdgeAsrError

ENCODER, DECODER = "model.encoder", "model.decoder"
"""The stacks, each with one residual stream; their rotations go by these names."""
_LAST_NORMS = (f"{DECODER}.layer_norm", f"{DECODER}.norm")


@dataclass(frozen=True, slots=True)
class NormSite:
    """A norm and the linear layers that read it, by full names."""

    norm: str
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttentionSite:
    """An attention; `out` is the full name of its output projection."""

    module: str
    out: str
    head_size: int
    has_rope: bool

    def projection(self, letter: str) -> str:
        """Return the full name of the q, k or v projection."""
        return f"{self.module}.{letter}_proj"


@dataclass(frozen=True, slots=True)
class MlpSite:
    """An MLP; `parent` holds `activation_fn`, fc1 and fc2."""

    parent: str
    fc2: str
    is_gated: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """A residual stream: it enters at `entry`, the first layer; `norms` read it, `writers` add to it."""

    name: str
    entry: str
    norms: tuple[NormSite, ...]
    writers: tuple[str, ...]
    attentions: tuple[AttentionSite, ...]
    mlps: tuple[MlpSite, ...]


@dataclass(frozen=True, slots=True)
class Sites:
    """Everything rotations touch; `last_norm` is the decoder's, which keeps its weight for the tied head."""

    encoder: Stream
    decoder: Stream
    last_norm: str

    @property
    def streams(self) -> tuple[Stream, Stream]:
        """Both stacks."""
        return self.encoder, self.decoder

    def readers(self, stream: Stream) -> tuple[str, ...]:
        """Return all linear layers that read a stream through its norms, and the rotation at its end."""
        found = tuple(reader for site in stream.norms for reader in site.readers)
        return (*found, f"{self.last_norm}.{ROTATION}") if stream is self.decoder else found

    def all_writers(self, stream: Stream) -> tuple[str, ...]:
        """Return all linear layers that write a stream, and the rotation through which it enters."""
        return (f"{stream.entry}.{ROTATION}", *stream.writers)


def sites_of(model: nn.Module) -> Sites:
    """Return where a Whisper or Moonshine network is rotated.

    The encoder's last norm is read by the cross-attention's keys and values of all decoder layers: they read
    the encoder's stream.

    Raises:
        EdgeAsrError: the network is built otherwise: what was looked for, and what was found.
    """
    layout = layout_of(model)
    known = dict(model.named_modules())
    last = next((name for name in _LAST_NORMS if name in known), None)
    if last is None:
        raise EdgeAsrError(f"{type(model).__name__}: looked for '{_LAST_NORMS[0]}', found no such norm")
    cross = NormSite(layout.encoder_norm, (*layout.cross_keys, *layout.cross_values))
    return Sites(
        encoder=_stream(model, ENCODER, layout.encoder, (cross,)),
        decoder=_stream(model, DECODER, layout.decoder, ()),
        last_norm=last,
    )


def _stream(model: nn.Module, name: str, layers: tuple[str, ...], more: tuple[NormSite, ...]) -> Stream:
    norms: list[NormSite] = []
    writers: list[str] = []
    attentions: list[AttentionSite] = []
    mlps: list[MlpSite] = []
    for layer in layers:
        names = layer_names(model.get_submodule(layer), where=layer)
        found = _attentions(model, layer, names)
        own = found[0]
        norms.append(NormSite(f"{layer}.{names.self_norm}", tuple(map(own.projection, "qkv"))))
        norms += [NormSite(f"{layer}.{names.cross_norm}", (site.projection("q"),)) for site in found[1:]]
        norms.append(NormSite(f"{layer}.{names.mlp_norm}", (f"{layer}.{names.fc1}",)))
        fc2 = f"{layer}.{names.fc2}"
        mlps.append(MlpSite(fc2.rpartition(".")[0], fc2, names.is_gated))
        attentions += found
        writers += [*(site.out for site in found), fc2]
    return Stream(name, layers[0], (*norms, *more), tuple(writers), tuple(attentions), tuple(mlps))


def _attentions(model: nn.Module, layer: str, names: LayerNames) -> list[AttentionSite]:
    modules = [f"{layer}.self_attn", *([f"{layer}.encoder_attn"] if names.cross_norm else [])]
    return [
        AttentionSite(
            module,
            f"{module}.{names.out}",
            cast("int", model.get_submodule(module).head_dim),
            names.has_rope and module.endswith("self_attn"),
        )
        for module in modules
    ]
