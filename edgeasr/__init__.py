"""What a speech recogniser costs on an edge chip, and what cheaper arithmetic does to its word error rate.

The names below are the whole public face. They are imported from their rooms on first use, so that importing
`edgeasr` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asr.corpora import load_corpus
    from asr.evaluate import evaluate
    from asr.models import load_recogniser
    from hwmodels.chip_file import chip_names, load_chip
    from quant.quantize import quantize
    from quant.recipe import Recipe, load_recipe
    from reports.study import run_study
    from reports.sweep.config import load_sweep
    from reports.sweep.run import run_sweep
    from simulator.annotate import annotated
    from simulator.estimate import Estimate, estimate
    from simulator.utterances import Utterance
    from traces.errors import EdgeAsrError
    from traces.export import trace_module
    from traces.networks.workload import network_workload
    from traces.store import load_workload, save_workload, stored_architectures

_HOMES = {
    "EdgeAsrError": "traces.errors",
    "Estimate": "simulator.estimate",
    "Recipe": "quant.recipe",
    "Utterance": "simulator.utterances",
    "annotated": "simulator.annotate",
    "chip_names": "hwmodels.chip_file",
    "estimate": "simulator.estimate",
    "evaluate": "asr.evaluate",
    "load_chip": "hwmodels.chip_file",
    "load_recipe": "quant.recipe",
    "load_recogniser": "asr.models",
    "load_workload": "traces.store",
    "network_workload": "traces.networks.workload",
    "load_corpus": "asr.corpora",
    "quantize": "quant.quantize",
    "load_sweep": "reports.sweep.config",
    "run_study": "reports.study",
    "run_sweep": "reports.sweep.run",
    "save_workload": "traces.store",
    "stored_architectures": "traces.store",
    "trace_module": "traces.export",
}

__all__ = [
    "EdgeAsrError",
    "Estimate",
    "Recipe",
    "Utterance",
    "annotated",
    "chip_names",
    "estimate",
    "evaluate",
    "load_chip",
    "load_corpus",
    "load_recipe",
    "load_recogniser",
    "load_sweep",
    "load_workload",
    "network_workload",
    "quantize",
    "run_study",
    "run_sweep",
    "save_workload",
    "stored_architectures",
    "trace_module",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgeasr' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
