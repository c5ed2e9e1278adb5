"""The modules of a rotated network, built in so that it computes exactly as before.

Afterwards the streams are centred, their norms weightless, and the Hadamard transforms that are done at run
time are undone in the weights behind them; the rotations of streams and values are still the identity.
"""

from torch import nn

from quant.blocks.walk import set_parameters_
from quant.recipe import Recipe
from quant.rotations.choices import OnlineChoices
from quant.rotations.fold import (
    centred,
    centring_matrix,
    hadamard_queries_keys,
    reading_hadamard,
    with_norm,
)
from quant.rotations.matrices import hadamard_matrix
from quant.rotations.modules import (
    HadamardActivation,
    HadamardGatedMlp,
    HadamardSelfAttention,
    rotate_input_,
)
from quant.rotations.names import ROTATION
from quant.rotations.orders import hadamard_order
from quant.rotations.sites import AttentionSite, MlpSite, NormSite, Sites, sites_of
from traces.errors import EdgeAsrError


def restructure_(model: nn.Module, choices: OnlineChoices, *, recipe: Recipe) -> None:
    """Build in the norms, rotations and Hadamard transforms; a size without Hadamard matrix goes without.

    Raises:
        EdgeAsrError: the network is no Whisper or Moonshine, or is rotated already.
    """
    sites = sites_of(model)
    for stream in sites.streams:
        for site in stream.norms:
            _make_weightless_(model, site)
        for writer in stream.writers:
            set_parameters_(model, centred(dict(model.named_parameters()), writer))
    _add_rotations_(model, sites)
    for stream in sites.streams:
        for mlp in stream.mlps if choices.mlp_hadamard else ():
            _rotate_mlp_(model, mlp)
        for attention in stream.attentions if choices.key_hadamard else ():
            if not recipe.attention_formats(attention.module).kv.is_float:
                _rotate_keys_(model, attention)


def _make_weightless_(model: nn.Module, site: NormSite) -> None:
    norm = model.get_submodule(site.norm)
    if not isinstance(norm, nn.LayerNorm):
        raise EdgeAsrError(
            f"norm '{site.norm}' is a {type(norm).__name__}: the network is rotated already; "
            "keep one of the methods quarot and spinquant"
        )
    set_parameters_(model, with_norm(dict(model.named_parameters()), site))
    # On a centred stream the two norms are the same.
    weightless = nn.RMSNorm(norm.normalized_shape, eps=norm.eps, elementwise_affine=False)
    model.set_submodule(site.norm, weightless)


def _add_rotations_(model: nn.Module, sites: Sites) -> None:
    """Centre what enters the streams, and be ready to rotate it; the last norm centres by itself."""
    (size,) = model.get_parameter(f"{sites.last_norm}.weight").shape
    for module in (sites.encoder.entry, sites.decoder.entry, sites.last_norm):
        rotate_input_(model.get_submodule(module), size)
    for stream in sites.streams:
        set_parameters_(model, {f"{stream.entry}.{ROTATION}.weight": centring_matrix(size)})


def _rotate_mlp_(model: nn.Module, site: MlpSite) -> None:
    if hadamard_order(model.get_parameter(f"{site.fc2}.weight").shape[1]) is None:
        return
    set_parameters_(model, reading_hadamard(dict(model.named_parameters()), site.fc2))
    parent = model.get_submodule(site.parent)
    if site.is_gated:
        model.set_submodule(site.parent, HadamardGatedMlp(parent))
    else:
        parent.activation_fn = HadamardActivation(parent.get_submodule("activation_fn"))


def _rotate_keys_(model: nn.Module, site: AttentionSite) -> None:
    if hadamard_order(site.head_size) is None:
        return
    if site.has_rope:
        model.set_submodule(site.module, HadamardSelfAttention(model.get_submodule(site.module)))
    else:
        matrix = hadamard_matrix(site.head_size)
        set_parameters_(model, hadamard_queries_keys(dict(model.named_parameters()), site, rotation=matrix))
