"""What a rotated network computes with besides the modules it had."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.cache_utils import EncoderDecoderCache
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.moonshine.modeling_moonshine import apply_rotary_pos_emb, eager_attention_forward

from quant.rotations.names import ROTATION
from quant.rotations.op import hadamard
from quant.rotations.transform import hadamard_transform
from traces.cache_argument import cache_argument

if TYPE_CHECKING:
    from transformers.models.moonshine.modeling_moonshine import MoonshineAttention, MoonshineDecoderMLP


class Rotation(nn.Module):
    """A square matrix multiplied at run time: weight (d, d), stored and computed as float16.

    Recipes name no format for it: its error would be an error of the whole residual stream.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(size), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (..., d) times the transposed weight."""
        return functional.linear(x, self.weight)


class OnlineHadamard(nn.Module):
    """A Hadamard transform of the last axis at run time; it has no parameters."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x (..., n) rotated."""
        if torch.compiler.is_exporting():
            exported: Tensor = hadamard(x)
            return exported
        return hadamard_transform(x)


class HadamardActivation(nn.Module):
    """An activation function whose result is rotated before fc2 reads it."""

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.hadamard = OnlineHadamard()

    def forward(self, x: Tensor) -> Tensor:
        """Return the rotated activations of x (..., n)."""
        rotated: Tensor = self.hadamard(self.function(x))
        return rotated


class HadamardGatedMlp(nn.Module):
    """Moonshine's gated MLP, with the product of gate and linear half rotated before fc2 reads it."""

    def __init__(self, mlp: "MoonshineDecoderMLP") -> None:
        super().__init__()
        self.activation_fn = mlp.activation_fn
        self.fc1 = mlp.fc1
        self.fc2 = mlp.fc2
        self.hadamard = OnlineHadamard()

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., d) for x (..., d); fc1 writes the linear half first."""
        linear, gate = self.fc1(x).chunk(2, dim=-1)
        output: Tensor = self.fc2(self.hadamard(self.activation_fn(gate) * linear))
        return output


class HadamardSelfAttention(nn.Module):
    """Moonshine's self-attention, with queries and keys rotated behind RoPE.

    The same rotation on both leaves their products alone; the cache holds rotated keys. Features are not
    padded, which changes no score.
    """

    def __init__(self, attention: "MoonshineAttention") -> None:
        super().__init__()
        self.config = attention.config
        self.layer_idx = attention.layer_idx
        self.head_dim, self.scaling = attention.head_dim, attention.scaling
        self.num_key_value_groups, self.is_causal = attention.num_key_value_groups, attention.is_causal
        self.q_proj, self.k_proj = attention.q_proj, attention.k_proj
        self.v_proj, self.o_proj = attention.v_proj, attention.o_proj
        self.query_hadamard = OnlineHadamard()
        self.key_hadamard = OnlineHadamard()

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor],
        attention_mask: Tensor | None = None,
        **kwargs: object,
    ) -> tuple[Tensor, Tensor | None]:
        """Return (batch, tokens, d) for hidden states of that shape, and attention weights if there are."""
        heads = (*hidden_states.shape[:-1], -1, self.head_dim)
        q, k, v = (
            getattr(self, name)(hidden_states).view(heads).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        q, k = apply_rotary_pos_emb(q, k, *position_embeddings)
        q, k = self.query_hadamard(q), self.key_hadamard(k)
        if isinstance(cache := kwargs.pop(cache_argument(), None), EncoderDecoderCache):
            k, v = cache.self_attention_cache.update(k, v, self.layer_idx)
        attend: Callable[..., tuple[Tensor, Tensor | None]] = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention_forward
        )
        is_causal = self.is_causal and attention_mask is None and hidden_states.shape[1] > 1
        mixed, weights = attend(
            self, q, k, v, attention_mask, scaling=self.scaling, is_causal=is_causal, **kwargs
        )
        return self.o_proj(mixed.reshape(*hidden_states.shape[:-1], -1)), weights


def rotate_input_(module: nn.Module, size: int) -> None:
    """Give a module a rotation of its first argument (..., size): the child `ROTATION`."""
    module.add_module(ROTATION, Rotation(size))
    module.register_forward_pre_hook(_rotate_first)


def _rotate_first(module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    rotated: Tensor = module.get_submodule(ROTATION)(args[0])
    return (rotated, *args[1:])
