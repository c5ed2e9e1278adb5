"""Rotations put into the weights of a network that is restructured for them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from quant.blocks.walk import set_parameters_
from quant.methods.problem import BlockResult, Problem
from quant.rotations.fold import Parameters, rotated
from quant.rotations.matrices import random_hadamard
from quant.rotations.orders import hadamard_order
from quant.rotations.sites import Sites, sites_of

_BLOCK = "rotations"
"""Under which learned rotations are kept: they are found for the whole network at once."""


def random_rotations(model: nn.Module, sites: Sites, *, seed: int) -> dict[str, Tensor]:
    """Return random Hadamard matrices by the names of what they rotate.

    (channels, channels) for each residual stream, (head, head) for the values of each attention.
    """
    generator = torch.Generator().manual_seed(seed)
    size = model.get_parameter(f"{sites.last_norm}.weight").shape[0]
    rotations = {stream.name: random_hadamard(size, generator) for stream in sites.streams}
    for site in (*sites.encoder.attentions, *sites.decoder.attentions):
        rotations[site.module] = random_hadamard(site.head_size, generator)
    return rotations


def resumed(problem: Problem, learn: Callable[[], dict[str, Tensor]]) -> Parameters:
    """Return the rotations that an interrupted run had learned already, or else learn them now."""
    known = problem.store.load(problem.step, _BLOCK) if problem.store else None
    if known is not None:
        return known.parameters
    rotations = learn()
    if problem.store:
        problem.store.save(problem.step, _BLOCK, result=BlockResult(parameters=rotations))
    return rotations


def apply_rotations_(problem: Problem, rotations: Parameters) -> None:
    """Set the rotated parameters, and say which Hadamard transforms the network has to go without."""
    sites = sites_of(problem.model)
    parameters = rotated(dict(problem.model.named_parameters()), sites, rotations=rotations)
    set_parameters_(problem.model, parameters)
    problem.findings.add_(BlockResult(parameters=parameters, remarks=_remarks(problem.model, sites)))


def _remarks(model: nn.Module, sites: Sites) -> tuple[str, ...]:
    sizes = {site.head_size for stream in sites.streams for site in stream.attentions}
    sizes |= {
        model.get_parameter(f"{mlp.fc2}.weight").shape[1] for stream in sites.streams for mlp in stream.mlps
    }
    return tuple(
        f"no Hadamard matrix of order {size} is known: transforms of this size are left out"
        for size in sorted(sizes)
        if hadamard_order(size) is None
    )
