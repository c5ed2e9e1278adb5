"""Checks on a local checkpoint before anything is loaded from it, so that each fault is one clear line."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, RootModel

from traces.documents import validated
from traces.errors import EdgeAsrError
from traces.faults import REMEDY, one_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HEADER_LENGTH_BYTES = 8
"""A safetensors file starts with the length of its JSON header as one little-endian 64-bit integer."""

WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"

Shape = tuple[int, ...]


class _Index(BaseModel):
    """Which file holds which tensor, where the weights are in several."""

    weight_map: dict[str, str]


class _Entry(BaseModel):
    """A tensor in a safetensors header, and where its bytes begin and end behind the header."""

    shape: Shape
    data_offsets: tuple[int, int]


class _Header(RootModel[dict[str, _Entry]]):
    """A safetensors header without its metadata."""


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the safetensors files of a checkpoint folder in transformers' layout.

    Raises:
        EdgeAsrError: there are none, the index is damaged, or a file that it names is missing.
    """
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    index = folder / WEIGHTS_INDEX
    if index.is_file():
        with one_line(f"'{index}' cannot be read", remedy=REMEDY):
            content = json.loads(index.read_text(encoding="utf-8"))
        shards = sorted(set(validated(content, _Index, where=f"'{index}'").weight_map.values()))
        missing = [shard for shard in shards if not (folder / shard).is_file()]
        if missing:
            raise EdgeAsrError(f"weights missing in '{folder}': {WEIGHTS_INDEX} names '{missing[0]}'")
        return tuple(folder / shard for shard in shards)
    pickled = sorted(path.name for path in folder.glob("*.bin"))
    hint = f"; '{pickled[0]}' is a pickle, which is never loaded: save it as safetensors" if pickled else ""
    raise EdgeAsrError(f"weights missing in '{folder}': no {WEIGHTS}{hint}")


def read_shapes(file: Path) -> dict[str, Shape]:
    """Return the shape of every tensor in a safetensors file, from its header alone.

    Raises:
        EdgeAsrError: the file is shorter than its header says, or is no safetensors file.
    """
    size_bytes = file.stat().st_size
    with file.open("rb") as stream:
        header_bytes = int.from_bytes(stream.read(HEADER_LENGTH_BYTES), "little")
        if size_bytes < HEADER_LENGTH_BYTES + header_bytes:
            raise _truncated(file, size_bytes=size_bytes, expected_bytes=HEADER_LENGTH_BYTES + header_bytes)
        with one_line(f"'{file}' is not a safetensors file: its header is no JSON", remedy=REMEDY):
            header = json.loads(stream.read(header_bytes))
    if isinstance(header, dict):
        header.pop("__metadata__", None)
    tensors = validated(header, _Header, where=f"the header of '{file}'").root
    data_bytes = max((entry.data_offsets[1] for entry in tensors.values()), default=0)
    expected_bytes = HEADER_LENGTH_BYTES + header_bytes + data_bytes
    if size_bytes < expected_bytes:
        raise _truncated(file, size_bytes=size_bytes, expected_bytes=expected_bytes)
    return {name: entry.shape for name, entry in tensors.items()}


def _truncated(file: Path, *, size_bytes: int, expected_bytes: int) -> EdgeAsrError:
    return EdgeAsrError(
        f"weights truncated: '{file}' has {size_bytes:,} bytes where its header says {expected_bytes:,}; "
        "fetch or copy it again"
    )


def check_shapes(folder: Path, stored: Mapping[str, Shape], *, model: "PreTrainedModel") -> None:
    """Compare stored tensor shapes with those of the model that `config.json` describes (on the meta device).

    Raises:
        EdgeAsrError: a tensor is missing or has another shape.
    """
    tied = set(model.all_tied_weights_keys)
    for name, tensor in model.state_dict().items():
        expected = tuple(tensor.shape)
        if name not in stored:
            if name in tied:
                continue
            raise EdgeAsrError(f"weights missing in '{folder}': tensor '{name}' {expected} is not stored")
        if stored[name] != expected:
            raise EdgeAsrError(
                f"tensor '{name}' in '{folder}' has shape {stored[name]} where config.json asks for "
                f"{expected}; weights and configuration are of different models"
            )


def digest(files: tuple[Path, ...]) -> str:
    """Return `sha256:` and the first 12 hex digits over the weight files, to name a folder's revision."""
    hasher = sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                hasher.update(block)
    return f"sha256:{hasher.hexdigest()[:12]}"
