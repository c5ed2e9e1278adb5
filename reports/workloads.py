"""Graphs by whatever the user calls them: architecture, hub id, checkpoint folder, network or saved file."""

from pathlib import Path

from quant.recipe import load_recipe
from simulator.annotate import in_formats
from traces.errors import EdgeAsrError, unknown_name
from traces.faults import one_line
from traces.networks.catalogue import NETWORKS
from traces.networks.workload import network_workload
from traces.store import SUFFIX, canonical_name, load_workload, read_workload, stored_architectures
from traces.workload import Workload


def find_workload(model: str) -> Workload:
    """Return the stored graphs of a known architecture or network, or trace the checkpoint in a folder.

    A packed checkpoint of a quantized network is traced with its formats. A path that ends in `.json.gz` is
    what `edgeasr trace --save` or `save_workload` wrote.

    Raises:
        EdgeAsrError: if the name is unknown, or the folder holds no model that can be traced.
    """
    if model in NETWORKS:
        return network_workload(model)
    if _is_saved(model):
        return _saved(Path(model).expanduser())
    folder = _folder(model)
    if folder is None:
        return load_workload(_known(model))
    from asr.models import load_recogniser
    from traces.recognisers import trace_recogniser

    recogniser = load_recogniser(model)
    with one_line(f"'{model}' cannot be traced"):
        return trace_recogniser(recogniser.model, folder.name, prompt_tokens=len(recogniser.prompt_ids))


def _folder(model: str) -> Path | None:
    """Return the folder that a name is the path of; None where it is a known name, blank, or no folder."""
    folder = Path(model).expanduser()
    return folder if model.strip() and model not in stored_architectures() and folder.is_dir() else None


def _is_saved(model: str) -> bool:
    return model.endswith(SUFFIX)


def _saved(path: Path) -> Workload:
    if not path.is_file():
        raise EdgeAsrError(f"'{path}' does not exist; `edgeasr trace MODEL --save {path.name}` writes graphs")
    return read_workload(path)


def _known(model: str) -> str:
    try:
        return canonical_name(model)
    except EdgeAsrError as error:
        raise unknown_name("model", model, known=(*stored_architectures(), *NETWORKS)) from error


AS_STORED = "as stored"
"""What the formats of a packed checkpoint or of saved graphs are called where a recipe's name would stand."""


def workload_under(model: str, recipe: str | None) -> tuple[Workload, str]:
    """Return a recogniser's graphs in the formats of a recipe, and the recipe's name.

    Without a recipe a packed checkpoint and saved graphs keep their formats; everything else is float. Of a
    network that is no recogniser every tensor takes the widths in the name: `float`, `w8a8` or `w8a16`.

    Raises:
        EdgeAsrError: as `find_workload`, or if a recipe is given for a checkpoint that is quantized already.
    """
    if is_packed(model):
        check_not_packed(model, recipe)
        return find_workload(model), AS_STORED
    if recipe is None and _is_saved(model):
        return find_workload(model), AS_STORED
    name = recipe or "float"
    return in_formats(find_workload(model), load_recipe(name)), name


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
    folder = _folder(model)
    if folder is None:
        return False
    from quant.checkpoint import TENSORS

    return (folder / TENSORS).is_file()
