"""Parts of a block of which the last layer alone still changes, or nothing: later passes skip the rest."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn

from quant.plan import is_attention
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class Tail:
    """A part whose output is what its last layer gives, such as attention: names inside the block.

    `in_tuple` says that the part returns a tuple with that output first and None for all else.
    """

    part: str
    layer: str
    in_tuple: bool

    def output(self, module: nn.Module, x: Tensor) -> object:
        """Return the part's output from what its last layer reads."""
        y = module.get_submodule(self.layer)(x)
        return (y, None) if self.in_tuple else y


@dataclass(slots=True, eq=False)
class Shortcuts:
    """Parts of a module all of whose layers but the last are rounded, with what the last reads by sample.

    Attention over Whisper's 1500 positions is half of a layer's work: a method that looks at one layer after
    the other saves it at the price of one hidden state per sample. Once the last layer is rounded too, what
    the part gives takes that place.
    """

    inputs: dict[Tail, dict[object, Tensor]] = field(default_factory=dict)
    outputs: dict[Tail, dict[object, object]] = field(default_factory=dict)

    def open_(self, tails: Iterable[Tail]) -> None:
        """Take what the last layers of some parts read next as what they always read."""
        for tail in tails:
            self.inputs.setdefault(tail, {})

    def close_(self, tails: Iterable[Tail]) -> None:
        """Take what some open parts give next as what they always give."""
        for tail in tails:
            self.outputs.setdefault(tail, {})

    def settle_attention(self, module: nn.Module, sample: object) -> bool:
        """Return whether nothing but parts with known outputs looks at other tokens than its own."""
        known = tuple(f"{tail.part}." for tail, given in self.outputs.items() if sample in given)
        attentions = (name for name, part in module.named_modules() if is_attention(part))
        return all(f"{name}.".startswith(known) for name in attentions)

    @contextmanager
    def standing_in(
        self, module: nn.Module, sample: object, *, n_tokens: int | None = None
    ) -> Iterator[None]:
        """Let parts of a module run their last layer alone for a sample, or remember what it reads.

        With `n_tokens` known outputs are those of so many tokens, as is what the module is called with.
        """
        undo: list[Callable[[], object]] = []
        for tail, known in self.inputs.items():
            given = self.outputs.get(tail, {})
            if sample in known or sample in given:
                part = module.get_submodule(tail.part)
                part.forward = partial(self._short, tail, module, sample, n_tokens)
                undo.append(partial(part.__dict__.pop, "forward"))
            else:
                layer = module.get_submodule(tail.layer)
                hook = layer.register_forward_pre_hook(_memory(known, sample), prepend=True)
                undo.append(hook.remove)
        try:
            yield
        finally:
            for step in undo:
                step()

    def _short(
        self, tail: Tail, module: nn.Module, sample: object, n_tokens: int | None, *_: object, **__: object
    ) -> object:
        """Stand in for a part's forward pass."""
        given = self.outputs.get(tail)
        if given is None:
            return tail.output(module, self.inputs[tail][sample])
        if sample not in given:
            given[sample] = tail.output(module, self.inputs[tail].pop(sample))
        return given[sample] if n_tokens is None else _first(given[sample], n_tokens)


def tails_of(outputs: Mapping[str, object], layers: Mapping[str, Tensor]) -> tuple[Tail, ...]:
    """Return the parts that end with a layer, from the outputs of parts and of layers in one pass."""
    tails: list[Tail] = []
    for part, output in outputs.items():
        result, in_tuple = _result(output)
        ends = (layer for layer, y in layers.items() if y is result and layer.startswith(f"{part}."))
        tails.extend(Tail(part, layer, in_tuple) for layer in ends)
    return tuple(tails)


def _first(output: object, n_tokens: int) -> object:
    """Return what a part gives (batch, tokens, channels), alone or in a tuple, for its first tokens."""
    match output:
        case Tensor():
            return output[:, :n_tokens]
        case (Tensor() as result, None):
            return result[:, :n_tokens], None
    raise EdgeAsrError(f"a part of a block gives {type(output).__name__}, not hidden states")


def _result(output: object) -> tuple[object, bool]:
    """Return what a part gives, and whether in a tuple with None, as attention without its weights does."""
    match output:
        case (result, None):
            return result, True
    return output, False


def _memory(known: dict[object, Tensor], sample: object) -> Callable[..., None]:
    def remember(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        known[sample] = args[0]

    return remember
