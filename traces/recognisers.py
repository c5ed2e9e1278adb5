"""Recognisers as workloads: from an architecture alone, or from a loaded (possibly quantized) model."""

from dataclasses import replace
from typing import Any

import torch

from traces.attention_op import traced_attention
from traces.errors import EdgeAsrError
from traces.graph import Graph, Role
from traces.moonshine import trace_moonshine
from traces.moonshine_streaming import trace_moonshine_streaming
from traces.prompts import prompt_words
from traces.whisper import trace_whisper, window_s
from traces.workload import Phase, Workload


def build_workload(config: Any, name: str, *, prompt_tokens: int | None = None) -> Workload:
    """Return the workload of a WhisperConfig or MoonshineConfig; no weights are made or needed.

    Raises:
        EdgeAsrError: if the configuration is of another family.
    """
    from transformers import (
        MoonshineForConditionalGeneration,
        MoonshineStreamingForConditionalGeneration,
        WhisperForConditionalGeneration,
    )

    classes = {
        "whisper": WhisperForConditionalGeneration,
        "moonshine": MoonshineForConditionalGeneration,
        "moonshine_streaming": MoonshineStreamingForConditionalGeneration,
    }
    if config.model_type not in classes:
        raise EdgeAsrError(
            f"{name}: architecture '{config.model_type}' is not known; known: {', '.join(classes)}"
        )
    with torch.device("meta"):
        network = classes[config.model_type](config).eval()
    return trace_recogniser(network, name, prompt_tokens=prompt_tokens)


def trace_recogniser(model: Any, name: str, *, prompt_tokens: int | None = None) -> Workload:
    """Return the workload of a loaded Whisper or Moonshine model, quantized layers with their formats.

    `prompt_tokens` are fed before the first token is read: by default 4 for multilingual Whisper (start,
    language, task, no timestamps), 2 for English Whisper (start, no timestamps) and 1 for Moonshine (start).

    Raises:
        EdgeAsrError: if the model is of another family, or an op of it has no rule.
    """
    config = model.config
    prompt = prompt_tokens or 1 + len(prompt_words(model))
    if config.model_type == "whisper":
        with traced_attention(model):
            graphs = trace_whisper(model, name, prompt_tokens=prompt)
        max_tokens, window = config.max_target_positions - prompt, window_s(config)
    elif config.model_type in ("moonshine", "moonshine_streaming"):
        trace = trace_moonshine if config.model_type == "moonshine" else trace_moonshine_streaming
        with traced_attention(model):
            graphs = trace(model, name, prompt_tokens=prompt)
        max_tokens, window = config.max_position_embeddings - prompt, None
    else:
        raise EdgeAsrError(f"{name}: '{config.model_type}' is no Whisper or Moonshine model")
    return Workload(
        name=name,
        family="whisper" if config.model_type == "whisper" else "moonshine",
        graphs=_share_cache_formats(graphs),
        prompt_tokens=prompt,
        max_tokens=max_tokens,
        window_s=window,
        parameters=count_parameters(model),
    )


def count_parameters(model: Any) -> int:
    """Return the learned numbers, tied ones once."""
    return sum(int(parameter.numel()) for parameter in model.parameters())


def _share_cache_formats(graphs: tuple[Graph, ...]) -> tuple[Graph, ...]:
    """Write the cross keys and values as the decoder's attention reads them."""
    decode = next(graph for graph in graphs if graph.phase == Phase.DECODE)
    formats = {
        tensor.name.rsplit(".", 1)[0]: tensor.format for tensor in decode.tensors if tensor.role is Role.KV
    }

    def rewritten(graph: Graph) -> Graph:
        if graph.phase != Phase.CROSS_KV:
            return graph
        tensors = tuple(
            replace(tensor, format=formats[tensor.name.rsplit(".", 1)[0]])
            if tensor.role is Role.KV
            else tensor
            for tensor in graph.tensors
        )
        return replace(graph, tensors=tensors)

    return tuple(rewritten(graph) for graph in graphs)
