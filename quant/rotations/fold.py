"""How norms, centring and rotations enter the weights: pure functions of named parameters, differentiable.

A row vector x of features is rotated as x R. What reads it computes with W R, what writes it with R^T W and
R^T b. Every function takes a network's parameters by full name and returns those it changes.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from quant.rotations.sites import AttentionSite, NormSite, Sites
from quant.rotations.transform import hadamard_transform
from traces.errors import EdgeAsrError

Parameters = Mapping[str, Tensor]


def centring_matrix(size: int) -> Tensor:
    """Return the symmetric (size, size) matrix that subtracts the mean."""
    return torch.eye(size) - 1.0 / size


def with_norm(parameters: Parameters, site: NormSite) -> dict[str, Tensor]:
    """Return the readers of a norm with its weight g and bias b in them: W diag(g), and bias + W b.

    A key projection without bias drops W b: a constant added to all keys cancels in the softmax.

    Raises:
        EdgeAsrError: if another reader has no bias to take it.
    """
    weight, shift = parameters[f"{site.norm}.weight"], parameters.get(f"{site.norm}.bias")
    changed: dict[str, Tensor] = {}
    for reader in site.readers:
        read = parameters[f"{reader}.weight"]
        changed[f"{reader}.weight"] = read * weight
        bias = parameters.get(f"{reader}.bias")
        if shift is None:
            continue
        if bias is not None:
            changed[f"{reader}.bias"] = bias + read @ shift
        elif not reader.endswith(".k_proj"):
            raise EdgeAsrError(f"'{reader}' has no bias that could take the bias of norm '{site.norm}'")
    return changed


def centred(parameters: Parameters, writer: str) -> dict[str, Tensor]:
    """Return a layer that writes the residual stream, (out, in) and (out,), with zero mean over `out`."""
    return {
        name: parameters[name] - parameters[name].mean(0, keepdim=True) for name in _parts(parameters, writer)
    }


def rotated(parameters: Parameters, sites: Sites, *, rotations: Parameters) -> dict[str, Tensor]:
    """Return all parameters that rotations change, in a network that `restructure` has prepared.

    `rotations` are orthogonal: (d, d) of a residual stream by the name of its stack, (head, head) of the
    values of an attention, the same in all its heads, by the name of the attention.
    """
    changed: dict[str, Tensor] = {}
    for stream in sites.streams:
        rotation = rotations[stream.name]
        for reader in sites.readers(stream):
            changed[f"{reader}.weight"] = parameters[f"{reader}.weight"] @ rotation
        for writer in sites.all_writers(stream):
            for name in _parts(parameters, writer):
                changed[name] = rotation.T @ parameters[name]
    for site in (*sites.encoder.attentions, *sites.decoder.attentions):
        rotation = rotations[site.module]
        changed |= rotated_rows({**parameters, **changed}, site.projection("v"), rotation=rotation)
        out = f"{site.out}.weight"
        columns = changed[out].reshape(len(changed[out]), -1, site.head_size)
        changed[out] = (columns @ rotation).flatten(1)
    return changed


def rotated_rows(parameters: Parameters, module: str, *, rotation: Tensor) -> dict[str, Tensor]:
    """Return a projection, (out, in) and (out,), whose result is rotated within each head by (head, head)."""
    size = len(rotation)
    return {
        name: torch.einsum("hi...,ij->hj...", x.reshape(-1, size, *x.shape[1:]), rotation).flatten(0, 1)
        for name, x in ((name, parameters[name]) for name in _parts(parameters, module))
    }


def reading_hadamard(parameters: Parameters, module: str) -> dict[str, Tensor]:
    """Return the weight, (out, in), of a layer that reads Hadamard-transformed features."""
    return {f"{module}.weight": hadamard_transform(parameters[f"{module}.weight"])}


def hadamard_queries_keys(
    parameters: Parameters, site: AttentionSite, *, rotation: Tensor
) -> dict[str, Tensor]:
    """Return query and key projections that rotate both alike, where nothing lies behind them."""
    return {
        name: value
        for letter in "qk"
        for name, value in rotated_rows(parameters, site.projection(letter), rotation=rotation).items()
    }


def _parts(parameters: Parameters, module: str) -> tuple[str, ...]:
    return tuple(name for name in (f"{module}.weight", f"{module}.bias") if name in parameters)
