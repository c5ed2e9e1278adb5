"""What is known before any audio arrives: positions, masks and rotary tables."""

import torch
from torch.fx import Node

from traces.errors import EdgeAsrError


def lets_all_pass(mask: Node) -> bool:
    """Say whether a mask made of positions alone masks nothing, at the sizes of the example inputs.

    A boolean mask passes where it is true, a float one where it adds zero.
    """
    value = _value(mask, {})
    if value is None:
        return False
    return bool(value.all()) if value.dtype is torch.bool else not bool(value.any())


def _value(node: Node, known: dict[Node, torch.Tensor | None]) -> torch.Tensor | None:
    """Compute a node on the CPU from its sizes; None if it reads a tensor whose numbers are not at hand.

    `known` holds what was computed before, and grows.
    """
    if node not in known:
        known[node] = _computed(node, known)
    return known[node]


def _computed(node: Node, known: dict[Node, torch.Tensor | None]) -> torch.Tensor | None:
    if not callable(node.target):
        return None
    try:
        args = [_argument(arg, known) for arg in node.args]
        kwargs = {name: _argument(arg, known) for name, arg in node.kwargs.items()}
    except EdgeAsrError:
        return None
    if "device" in kwargs:
        kwargs["device"] = torch.device("cpu")
    result = node.target(*args, **kwargs)
    return result if isinstance(result, torch.Tensor) else None


def _argument(arg: object, known: dict[Node, torch.Tensor | None]) -> object:
    if isinstance(arg, list | tuple):
        return [_argument(item, known) for item in arg]
    if isinstance(arg, torch.device):
        return torch.device("cpu")
    if not isinstance(arg, Node):
        return arg
    size = arg.meta.get("val")
    if isinstance(size, torch.SymInt):
        return size.node.hint
    if isinstance(size, int):
        return size
    value = _value(arg, known)
    if value is None:
        raise EdgeAsrError(f"the numbers of {arg.name} are not at hand")
    return value
