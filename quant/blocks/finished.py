"""Parts of a block that will not change any more run once per sample, however many passes follow."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from torch import nn


@dataclass(slots=True, eq=False)
class FinishedParts:
    """Parts of a module, by name, that are done, with what they gave for each sample.

    Attention over Whisper's 1500 positions is half of a layer's work: methods that look at later layers
    again and again save it at the price of its output, one hidden state per sample.
    """

    outputs: dict[str, dict[object, object]] = field(default_factory=dict)

    def add_(self, names: Iterable[str]) -> None:
        """Take parts as done from now on; what they give next is what they always give."""
        for name in names:
            self.outputs.setdefault(name, {})

    @contextmanager
    def standing_in(self, module: nn.Module, sample: object) -> Iterator[None]:
        """Let finished parts of a module give for a sample what they gave before, or remember it."""
        undo: list[Callable[[], object]] = []
        for name, known in self.outputs.items():
            part = module.get_submodule(name)
            if sample in known:
                part.forward = _constant(known[sample])
                undo.append(partial(part.__dict__.pop, "forward"))
            else:
                undo.append(part.register_forward_hook(_memory(known, sample)).remove)
        try:
            yield
        finally:
            for step in undo:
                step()


def _constant(value: object) -> Callable[..., object]:
    return lambda *_, **__: value


def _memory(known: dict[object, object], sample: object) -> Callable[..., None]:
    def remember(_: nn.Module, __: object, output: object) -> None:
        known[sample] = output

    return remember
