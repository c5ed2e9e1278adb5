"""`python -m traces.rebuild [--only NAME]`: traces the architectures anew and stores them. Needs torch."""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from traces.architectures import ARCHITECTURES
from traces.store import SUFFIX, canonical_name, pack_workload, save_workload
from traces.workload import Workload

STORED = Path(str(files("traces"))) / "stored"


def rebuild(name: str) -> Workload:
    """Return the freshly traced workload of an architecture."""
    from traces.recognisers import build_workload

    architecture = ARCHITECTURES[canonical_name(name)]
    return build_workload(
        architecture.config(), canonical_name(name), prompt_tokens=architecture.prompt_tokens
    )


def main(argv: list[str] | None = None) -> None:
    """Trace and store."""
    parser = argparse.ArgumentParser(prog="python -m traces.rebuild", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="an architecture; may be repeated")
    wanted = parser.parse_args(argv).only or list(ARCHITECTURES)
    for name in wanted:
        workload = rebuild(name)
        path = STORED / f"{canonical_name(name)}{SUFFIX}"
        save_workload(workload, path)
        sys.stderr.write(f"{path.name}: {len(pack_workload(workload))} bytes\n")


if __name__ == "__main__":
    main()
