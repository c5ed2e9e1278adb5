"""A recogniser's graphs by whatever the user calls it: known architecture, hub id, or checkpoint folder."""

from pathlib import Path

from quant.recipe import load_recipe
from simulator.annotate import annotated
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


AS_STORED = "as stored"
"""What a packed checkpoint's formats are called where a recipe's name would stand."""


def workload_under(model: str, recipe: str | None) -> tuple[Workload, str]:
    """Return a recogniser's graphs in the formats of a recipe, and the recipe's name.

    Without a recipe a packed checkpoint keeps the formats it is stored in; everything else is float.

    Raises:
        EdgeAsrError: as `find_workload`, or if a recipe is given for a checkpoint that is quantized already.
    """
    if is_packed(model):
        check_not_packed(model, recipe)
        return find_workload(model), AS_STORED
    name = recipe or "float"
    return annotated(find_workload(model), load_recipe(name)), name


def check_not_packed(model: str, recipe: str | None) -> None:
    """Verify that a recipe is not applied to a network that is quantized already.

    Raises:
        EdgeAsrError: naming both.
    """
    if recipe is not None and is_packed(model):
        raise EdgeAsrError(
            f"'{model}' is quantized already, so recipe '{recipe}' cannot be applied; "
            "leave out the recipe, or give the float checkpoint"
        )


def is_packed(model: str) -> bool:
    """Return whether a name is the folder of a packed checkpoint."""
    folder = Path(model).expanduser()
    if model in stored_architectures() or not folder.is_dir():
        return False
    from quant.checkpoint import TENSORS

    return (folder / TENSORS).is_file()
