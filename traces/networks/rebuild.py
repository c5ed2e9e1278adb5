"""`python -m traces.networks.rebuild [--only NAME]`: traces and stores the networks. Needs torch."""

import argparse
import sys

from traces.encoding import graph_to_json
from traces.networks.catalogue import NETWORKS
from traces.networks.store import STORED
from traces.store import SUFFIX, pack_json


def rebuild(name: str) -> bytes:
    """Return the freshly traced graph of a network, as it is stored."""
    from traces.networks.trace import trace_network

    return pack_json(graph_to_json(trace_network(name)))


def main(argv: list[str] | None = None) -> None:
    """Trace and store."""
    parser = argparse.ArgumentParser(prog="python -m traces.networks.rebuild", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="a network; may be repeated")
    STORED.mkdir(exist_ok=True)
    for name in parser.parse_args(argv).only or list(NETWORKS):
        packed = rebuild(name)
        (STORED / f"{name}{SUFFIX}").write_bytes(packed)
        sys.stderr.write(f"{name}: {len(packed)} bytes\n")


if __name__ == "__main__":
    main()
