"""The tensors of a packed checkpoint: from a quantized network to named tensors, and back."""

import errno
import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from quant.mixed_linear import MixedLinear
from quant.modules import WeightStore
from quant.packing import pack, packed_row_bytes, unpack
from quant.plan import Plan, PlannedLayer
from quant.quantizer import Scale
from quant.weights import FloatColumns, QuantizedWeight
from traces.errors import EdgeAsrError
from traces.formats import Format, Granularity


def stored_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return what a checkpoint stores, by name; tied weights once, under their first module.

    `<module>.weight` packed (out, bytes) uint8 · `.scale` (rows, groups) float16 · `.zero` packed (1,
    bytes) · `.activation_scale`, `.activation_zero` of fixed activation ranges · of input columns that stay
    float, `.float_columns` (n_float) int16 and `.float_columns_weight` (out, n_float) float16 · parameters
    that stay float as float16.
    """
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, module in model.named_modules():
        if isinstance(module, WeightStore) and id(module.weight) not in seen:
            seen.add(id(module.weight))
            tensors |= _stored_weight(name, module)
        for part in ("activation_scale", "activation_zero"):
            value = getattr(module, part, None)
            if isinstance(module, WeightStore) and value is not None:
                tensors[f"{name}.{part}"] = value.reshape(1)
        for part, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                tensors[f"{name}.{part}"] = parameter.detach().half().contiguous()
    return tensors


def write_tensors(
    tensors: Mapping[str, Tensor], file: Path, *, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors as safetensors.

    Raises:
        OSError: if the file cannot be written, for which safetensors has an exception of its own.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(dict(tensors), file, metadata=None if metadata is None else dict(metadata))
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error), str(file)) from error


def read_tensors(file: Path, *, sha256: str) -> dict[str, Tensor]:
    """Return the tensors of a file.

    Raises:
        EdgeAsrError: if it is missing, truncated, or not the file whose digest the manifest has.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = file.read_bytes()
    except OSError as error:
        raise EdgeAsrError(f"'{file}' cannot be read ({error.strerror}); write it again") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EdgeAsrError(
            f"'{file}' is truncated or was changed: its digest is not the manifest's; write it again"
        )
    try:
        tensors: dict[str, Tensor] = load(content)
    except SafetensorError as error:
        raise EdgeAsrError(f"'{file}' is no valid safetensors file: {error}") from error
    return tensors


def restored_weights(
    model: nn.Module, plan: Plan, *, tensors: Mapping[str, Tensor], file: Path
) -> dict[str, QuantizedWeight]:
    """Return the quantized weights of the planned layers, whose shapes the empty network knows."""
    weights = {}
    for layer in plan.layers:
        if not layer.is_tied:
            out, *rest = model.get_parameter(f"{layer.module}.weight").shape
            shape = (out, rest[0] - layer.n_float, *rest[1:])
            weights[layer.module] = _restored_weight(layer, shape, tensors, file)
    return weights


def restored_scales(plan: Plan, tensors: Mapping[str, Tensor], *, file: Path) -> dict[str, Scale]:
    """Return the fixed activation scales of the planned layers that have one."""
    scales = {}
    for layer in plan.layers:
        number = layer.activation
        if number.is_float or number.dynamic:
            continue
        scale = _scale(f"{layer.module}.activation_scale", (1,), tensors, file)
        zero = None
        if not number.symmetric:
            dtype = torch.int8 if number.bits <= 8 else torch.int16
            zero = _tensor(f"{layer.module}.activation_zero", (1,), dtype, tensors, file).reshape(())
        scales[layer.module] = Scale(scale.reshape(()), zero)
    return scales


def restore_floats_(model: nn.Module, tensors: Mapping[str, Tensor], *, file: Path) -> None:
    """Fill in every parameter of a network whose planned layers are quantized already."""
    restored: dict[int, nn.Parameter] = {}
    for name, module in model.named_modules():
        for part, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in restored:
                stored = _tensor(f"{name}.{part}", tuple(parameter.shape), torch.float16, tensors, file)
                restored[id(parameter)] = nn.Parameter(stored.float(), requires_grad=False)
            setattr(module, part, restored[id(parameter)])


def _stored_weight(name: str, module: WeightStore) -> dict[str, Tensor]:
    number = module.weight_format
    stored = {f"{name}.weight": pack(module.weight, number), f"{name}.scale": module.scale.contiguous()}
    if module.zero is not None:
        stored[f"{name}.zero"] = pack(module.zero.reshape(1, -1), number)
    if isinstance(module, MixedLinear):
        stored[f"{name}.float_columns"] = module.float_columns.to(torch.int16)
        stored[f"{name}.float_columns_weight"] = module.float_columns_weight.contiguous()
    return stored


def _restored_weight(
    layer: PlannedLayer, shape: tuple[int, ...], tensors: Mapping[str, Tensor], file: Path
) -> QuantizedWeight:
    name, number = layer.module, layer.weight
    row_length = int(torch.Size(shape[1:]).numel())
    scales = _scale_shape(number, shape[0], row_length)
    packed = _tensor(
        f"{name}.weight", (shape[0], packed_row_bytes(row_length, number)), torch.uint8, tensors, file
    )
    scale = _scale(f"{name}.scale", scales, tensors, file)
    zero = None
    if not number.symmetric:
        length = scales[0] * scales[1]
        bytes_ = _tensor(f"{name}.zero", (1, packed_row_bytes(length, number)), torch.uint8, tensors, file)
        zero = unpack(bytes_, number, shape=(1, length)).reshape(scales)
    kept = None
    if layer.n_float:
        columns = _columns(f"{name}.float_columns", layer.n_float, row_length + layer.n_float, tensors, file)
        kept_shape = (shape[0], layer.n_float)
        kept_weight = _tensor(f"{name}.float_columns_weight", kept_shape, torch.float16, tensors, file)
        kept = FloatColumns(columns, kept_weight)
    return QuantizedWeight(unpack(packed, number, shape=shape), Scale(scale, zero), number, kept)


def _scale_shape(number: Format, rows: int, row_length: int) -> tuple[int, int]:
    match number.granularity:
        case Granularity.TENSOR:
            return (1, 1)
        case Granularity.GROUP:
            return (rows, -(-row_length // number.group_size))
        case Granularity.CHANNEL | Granularity.TOKEN:
            return (rows, 1)


def _scale(name: str, shape: tuple[int, ...], tensors: Mapping[str, Tensor], file: Path) -> Tensor:
    """Return scales of the file, all of them finite."""
    scale = _tensor(name, shape, torch.float16, tensors, file)
    if not bool(torch.isfinite(scale).all()):
        raise EdgeAsrError(f"'{file}': tensor '{name}' is NaN or infinite; write the checkpoint again")
    return scale


def _columns(name: str, count: int, width: int, tensors: Mapping[str, Tensor], file: Path) -> Tensor:
    """Return the indices of some of a weight's columns, which rise."""
    columns = _tensor(name, (count,), torch.int16, tensors, file).long()
    bounds = torch.cat([torch.tensor([-1]), columns, torch.tensor([width])])
    if not bool((bounds.diff() > 0).all()):
        raise EdgeAsrError(
            f"'{file}': tensor '{name}' does not rise within 0 to {width - 1}; write the checkpoint again"
        )
    return columns


def _tensor(
    name: str, shape: tuple[int, ...], dtype: torch.dtype, tensors: Mapping[str, Tensor], file: Path
) -> Tensor:
    """Return a tensor of the file, checked.

    Raises:
        EdgeAsrError: if it is missing, or its shape or type is not what the configuration and recipe say.
    """
    if name not in tensors:
        raise EdgeAsrError(f"'{file}': tensor '{name}' is missing; write the checkpoint again")
    found = tensors[name]
    if tuple(found.shape) != shape or found.dtype != dtype:
        raise EdgeAsrError(
            f"'{file}': tensor '{name}' is {found.dtype} {tuple(found.shape)}, but configuration and recipe "
            f"need {dtype} {shape}; write the checkpoint again"
        )
    return found
