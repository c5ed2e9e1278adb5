"""Finished blocks on disk, so that interrupted quantization goes on where it stopped."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from quant.calibration import CalibrationData
from quant.methods.problem import BlockResult
from quant.recipe import Recipe, recipe_json
from quant.tensor_file import write_tensors
from quant.weights import QuantizedWeight
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class BlockStore:
    """A folder with one safetensors file per finished block of each step."""

    folder: Path

    def load(self, step: str, block: str) -> BlockResult | None:
        """Return what was decided about a block, or None if it was not finished."""
        from safetensors import SafetensorError, safe_open

        file = self._file(step, block)
        if not file.is_file():
            return None
        try:
            with safe_open(file, framework="pt") as opened:
                remarks = json.loads((opened.metadata() or {})["remarks"])
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (no mapping)
        except (SafetensorError, OSError, KeyError, ValueError):
            return None  # half a file of a killed run: the block is solved again
        return BlockResult(
            weights=_weights(tensors),
            parameters=_part(tensors, "parameter"),
            channel_scales=_part(tensors, "channel_scale"),
            remarks=tuple(remarks),
        )

    def save(self, step: str, block: str, *, result: BlockResult) -> None:
        """Keep what was decided about a block.

        Raises:
            EdgeAsrError: if the folder cannot be written.
        """
        tensors = {f"parameter:{name}": value for name, value in result.parameters.items()}
        tensors |= {f"channel_scale:{name}": value for name, value in result.channel_scales.items()}
        for name, weight in result.weights.items():
            tensors |= {f"weight:{name}:{part}": value for part, value in weight.tensors().items()}
        file = self._file(step, block)
        partial = file.with_suffix(".partial")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(
                # Copies: scales of several layers may be one tensor, which the format does not allow.
                {name: value.detach().clone().contiguous() for name, value in tensors.items()},
                partial,
                metadata={"remarks": json.dumps(list(result.remarks))},
            )
            partial.rename(file)
        except OSError as error:
            raise EdgeAsrError(f"'{file.parent}' cannot be written ({error.strerror})") from error

    def remove(self) -> None:
        """Forget everything, once the work is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, step: str, block: str) -> Path:
        return self.folder / step / f"{block}.safetensors"


def block_store(
    folder: Path, model: nn.Module, *, recipe: Recipe, data: CalibrationData | None
) -> BlockStore:
    """Return the store, inside a folder, of one piece of work: this network, recipe and calibration data."""
    digest = hashlib.sha256(recipe_json(recipe).encode())
    for package in ("edgeasr", "torch", "transformers"):
        digest.update(version(package).encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(_bytes(value))
    for batch in data.batches if data else ():
        digest.update(_bytes(batch.inputs))
        digest.update(_bytes(batch.decoder_ids))
        digest.update(str(batch.valid).encode())
    return BlockStore(folder / digest.hexdigest()[:16])


def _bytes(x: Tensor) -> bytes:
    content: bytes = x.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    return content


def _part(tensors: dict[str, Tensor], kind: str) -> dict[str, Tensor]:
    return {name.split(":", 1)[1]: value for name, value in tensors.items() if name.startswith(f"{kind}:")}


def _weights(tensors: dict[str, Tensor]) -> dict[str, QuantizedWeight]:
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "weight").items():
        module, part = name.rsplit(":", 1)
        parts.setdefault(module, {})[part] = value
    return {module: QuantizedWeight.of_tensors(found) for module, found in parts.items()}
