"""A recogniser's graphs by whatever the user calls it: known architecture, hub id, or checkpoint folder."""

from pathlib import Path

from traces.errors import EdgeAsrError
from traces.store import load_workload, stored_architectures
from traces.workload import Workload


def find_workload(model: str) -> Workload:
    """Return the stored graphs of a known architecture, or trace the checkpoint in a folder.

    A packed checkpoint of a quantized network is traced with its formats.

    Raises:
        EdgeAsrError: if the name is unknown, or the folder holds no model that can be traced.
    """
    folder = Path(model).expanduser()
    if model in stored_architectures() or not folder.is_dir():
        return load_workload(model)
    from asr.models import load_recogniser
    from traces.recognisers import trace_recogniser

    recogniser = load_recogniser(model)
    try:
        return trace_recogniser(recogniser.model, folder.name, prompt_tokens=len(recogniser.prompt_ids))
    except (ValueError, RuntimeError) as error:
        raise EdgeAsrError(f"'{model}' cannot be traced: {str(error).strip().splitlines()[0]}") from error
