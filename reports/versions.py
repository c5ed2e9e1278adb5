"""Which versions and which machine a result comes from."""

import os
import platform
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from reports.data import Fact

COSTING_ROOMS = ("traces", "quant", "hwmodels", "simulator")
"""What a graph is read, annotated and costed with."""


def machine() -> tuple[Fact, ...]:
    """Return what kind of machine this is."""
    return (
        Fact("system", f"{platform.system()} {platform.machine()}"),
        Fact("processor", _processor()),
        Fact("cores", str(os.cpu_count())),
    )


def versions() -> tuple[Fact, ...]:
    """Return the versions of everything a number depends on."""
    python = Fact("python", platform.python_version())
    return (python, *(Fact(name, text) for name, text in code_versions().items()))


def code_versions() -> dict[str, str]:
    """Return the versions of everything a measured number depends on."""
    from importlib.metadata import version

    names = ("edgeasr", "torch", "transformers", "numpy", "jiwer", "whisper-normalizer")
    return {name: version(name) for name in names}


@cache
def costing_code() -> str:
    """Return a digest of the code and the stored graphs that costs are worked out with.

    What costs are kept under holds it beside `code_versions`: a formula may change without a version, and
    what is worked out in seconds need not outlive that. What was measured with a network is kept for longer.
    """
    digest = sha256()
    for room in COSTING_ROOMS:
        folder = Path(str(files(room)))
        for path in sorted(path for path in folder.rglob("*") if path.name.endswith((".py", ".json.gz"))):
            digest.update(f"{room}/{path.relative_to(folder).as_posix()}".encode())
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """Return the processor's name; Linux tells it only in a file."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
