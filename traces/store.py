"""Stored workloads: every architecture of `architectures.py` as compressed JSON. Needs no torch."""

import gzip
import json
import zlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from traces.architectures import ARCHITECTURES, HUB_IDS
from traces.encoding import Json, from_json, to_json
from traces.errors import EdgeAsrError, unknown_name
from traces.workload import Workload

MAX_BYTES = 64 * 1024**2
"""Largest unpacked file accepted; the largest stored one has fewer than 2 MiB."""

SUFFIX = ".json.gz"


def stored_architectures() -> tuple[str, ...]:
    """Return the names that `load_workload` knows, in the order of the table."""
    return tuple(ARCHITECTURES)


def canonical_name(name: str) -> str:
    """Return the stored name of an architecture given by it or by a hub id.

    Raises:
        EdgeAsrError: offering the nearest known names.
    """
    lowered = name.strip().lower()
    if lowered in ARCHITECTURES:
        return lowered
    by_id = {hub_id.lower(): known for hub_id, known in HUB_IDS.items()}
    if lowered in by_id:
        return by_id[lowered]
    raise unknown_name("architecture", name, known=(*ARCHITECTURES, *by_id))


@lru_cache(maxsize=32)
def load_workload(name: str) -> Workload:
    """Return the stored workload of an architecture, by name (`whisper-tiny.en`) or hub id.

    Raises:
        EdgeAsrError: if no architecture has the name.
    """
    stored = canonical_name(name)
    path = Path(str(files("traces"))) / "stored" / f"{stored}{SUFFIX}"
    return read_workload(path)


def read_workload(path: Path) -> Workload:
    """Return the workload in a file.

    Raises:
        EdgeAsrError: if the file is missing, damaged, too large or of another schema.
    """
    return from_json(read_json(path), source=str(path))


def read_json(path: Path) -> Json:
    """Return the JSON values in a compressed file.

    Raises:
        EdgeAsrError: if the file is missing, damaged or too large.
    """
    try:
        with gzip.open(path) as stream:
            packed = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise EdgeAsrError(
            f"{path}: no such stored workload; build it with python -m traces.rebuild"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise EdgeAsrError(f"{path}: damaged ({error}); rebuild it with python -m traces.rebuild") from error
    if len(packed) > MAX_BYTES:
        raise EdgeAsrError(f"{path}: more than {MAX_BYTES} bytes when unpacked; that is no workload")
    try:
        value: Json = json.loads(packed)
    except (ValueError, RecursionError) as error:
        raise EdgeAsrError(f"{path}: not JSON ({error}); rebuild it with python -m traces.rebuild") from error
    return value


def pack_workload(workload: Workload) -> bytes:
    """Return a workload as the bytes of its file; equal workloads give equal bytes."""
    return pack_json(to_json(workload))


def pack_json(value: Json) -> bytes:
    """Return JSON values compressed; equal values give equal bytes."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def save_workload(workload: Workload, path: Path) -> None:
    """Write a workload to a file.

    Raises:
        EdgeAsrError: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack_workload(workload))
    except OSError as error:
        raise EdgeAsrError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
