"""Save and restore a training run, all tensors in one safetensors file, replaced in one step."""

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn, optim, tensor


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What changes from step to step; random numbers are functions of the step and need no saving."""

    network: nn.Module
    average: nn.Module
    optimizers: tuple[optim.Optimizer, ...]


def save_state(path: Path, state: TrainingState, *, step: int) -> None:
    """Write weights, averaged weights and optimizer moments after `step` steps."""
    tensors: dict[str, Tensor] = {"step": tensor(step)}
    for prefix, module in (("network", state.network), ("average", state.average)):
        tensors |= {f"{prefix}/{name}": value.clone() for name, value in module.state_dict().items()}
    for place, optimizer in enumerate(state.optimizers):
        for index, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer{place}/{index}/{name}": value.clone() for name, value in moments.items()}
    save_file(tensors, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def load_state_(path: Path, state: TrainingState) -> int:
    """Restore what `save_state` wrote and return its step."""
    tensors = load_file(path)
    for prefix, module in (("network", state.network), ("average", state.average)):
        module.load_state_dict({name: tensors[f"{prefix}/{name}"] for name in module.state_dict()})
    for place, optimizer in enumerate(state.optimizers):
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith(f"optimizer{place}/"):
                _, index, name = key.split("/")
                moments.setdefault(int(index), {})[name] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return int(tensors["step"])
