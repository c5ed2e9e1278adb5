"""What each part of a network does to its output when that part alone is quantized.

A network quantized throughout lends its parts one at a time to a float network, so that a method such as GPTQ
runs once per number format and not once per part. This needs methods that round weights and leave the float
network as it is: what AWQ or a rotation moves from one module to another cannot be lent alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from quant.attention import quantize_attention_
from quant.damage import Reference, divergence_of, encoded_by, reference_of
from quant.layers import working_copy
from quant.modules import WeightStore
from quant.plan import PlannedAttention
from traces.errors import EdgeAsrError
from traces.formats import INT8_TOKEN, AttentionFormats
from traces.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.utils import ModelOutput

    from quant.calibration import CalibrationData


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """A float network that can take in parts of quantized ones, and what it says without them.

    `encoded` are its encoder's outputs per batch of the reference's data.
    """

    network: "PreTrainedModel"
    reference: Reference
    encoded: "tuple[ModelOutput, ...]"


def host_of(model: "PreTrainedModel", data: "CalibrationData | None") -> Host:
    """Return a host for parts of the model's quantized forms; the model is not changed.

    Raises:
        EdgeAsrError: there is no data.
    """
    reference = reference_of(model, data)
    network = working_copy(model)
    names = [name for name, module in network.named_modules() if hasattr(module, "q_proj")]
    # Registered as if quantized, then set back to float: a module's own formats decide at every call.
    integers = AttentionFormats(INT8_TOKEN, INT8_TOKEN, INT8_TOKEN)
    quantize_attention_(network, tuple(PlannedAttention(name, integers) for name in names))
    for name in names:
        network.get_submodule(name).attention_formats = AttentionFormats()
    return Host(network, reference, encoded_by(network, reference.data))


def part_divergences(
    host: Host,
    quantized: "PreTrainedModel",
    *,
    parts: Sequence[frozenset[str]],
    progress: Progress = silent,
    task: str = "sensitivity",
) -> tuple[float, ...]:
    """Return the host's divergence, in nats per token, with each part taken from the quantized network.

    A part is a set of module names: layers with weights, and attentions.

    Raises:
        EdgeAsrError: a part names a module that the network lacks, or its output is not finite.
    """
    found = []
    for done, part in enumerate(parts):
        progress(task, done, len(parts))
        with _lent(host.network, quantized, part):
            encoded = None if any(name.startswith("model.encoder.") for name in part) else host.encoded
            found.append(divergence_of(host.network, host.reference, encoded=encoded))
    progress(task, len(parts), len(parts))
    return tuple(found)


@contextmanager
def _lent(network: "PreTrainedModel", quantized: "PreTrainedModel", part: frozenset[str]) -> Iterator[None]:
    """Put a part's quantized layers and attention formats in the network, and take them out again."""
    layers: dict[str, nn.Module] = {}
    formats: dict[str, AttentionFormats] = {}
    try:
        for name in sorted(part):
            try:
                own, other = network.get_submodule(name), quantized.get_submodule(name)
            except AttributeError as error:
                raise EdgeAsrError(f"the network has no module '{name}'") from error
            if isinstance(other, WeightStore):
                layers[name] = own
                network.set_submodule(name, other)
            elif isinstance(other_formats := getattr(other, "attention_formats", None), AttentionFormats):
                formats[name] = own.attention_formats
                own.attention_formats = other_formats
        yield
    finally:
        for name, layer in layers.items():
            network.set_submodule(name, layer)
        for name, own_formats in formats.items():
            network.get_submodule(name).attention_formats = own_formats
