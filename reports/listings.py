"""What the library holds, as rows of a table: chips, models, recipes."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip_file import chip_names, load_chip
from quant.recipe import bundled_recipes, load_recipe
from reports.workloads import find_workload
from simulator.utterances import Utterance, schedule
from traces.counts import graph_macs
from traces.networks.catalogue import NETWORKS
from traces.store import stored_architectures
from traces.workload import Phase, Workload

SHOWN = Utterance(10.0, 40)
"""The utterance whose work is shown."""


@dataclass(frozen=True, slots=True)
class ChipListing:
    """A chip of the library; `worst_kind` is the least trustworthy kind among its numbers."""

    chip: str
    family: str
    title: str
    software: str
    hypothetical: bool
    worst_kind: str


@dataclass(frozen=True, slots=True)
class ModelListing:
    """A recogniser, or another network, that can be costed.

    `macs` is the work of `SHOWN`, 10 s of audio and 40 tokens, or for one run of what hears no audio.
    """

    model: str
    family: str
    parameters: int
    macs: float
    window_s: float | None
    weights: str
    """`bundled`, or the hub repository they are fetched from."""


@dataclass(frozen=True, slots=True)
class RecipeListing:
    """A bundled recipe."""

    recipe: str
    description: str


def chip_listings() -> tuple[ChipListing, ...]:
    """Return every chip of the library."""
    chips = [load_chip(name) for name in chip_names()]
    return tuple(
        ChipListing(chip.name, chip.family, chip.title, chip.software, chip.hypothetical, chip.worst_kind())
        for chip in chips
    )


def model_listings() -> tuple[ModelListing, ...]:
    """Return every stored architecture, then every network of the catalogue."""
    from asr.models import MODELS

    listings = []
    for name in (*stored_architectures(), *NETWORKS):
        workload = find_workload(name)
        source = MODELS.get(name)
        weights = "none" if source is None else source.hub_id or "bundled"
        listings.append(
            ModelListing(
                name, workload.family, workload.parameters, _macs(workload), workload.window_s, weights
            )
        )
    return tuple(listings)


def _macs(workload: Workload) -> float:
    """Return the MACs of `SHOWN`, from the graphs alone: binding them to a chip's ops takes longer."""
    total = 0.0
    for graph in workload.graphs:
        when = schedule(workload, Phase(graph.phase), utterances=(SHOWN,))
        per_point = np.broadcast_to(graph_macs(graph).at(when.points), when.n_points)
        total += float(when.mean(per_point.astype(np.float64)))
    return total


def recipe_listings() -> tuple[RecipeListing, ...]:
    """Return every bundled recipe."""
    return tuple(RecipeListing(name, load_recipe(name).description) for name in bundled_recipes())
