"""Which versions and which machine a result comes from."""

import os
import platform
from pathlib import Path

from reports.data import Fact


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


def _processor() -> str:
    """Return the processor's name; Linux tells it only in a file."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
