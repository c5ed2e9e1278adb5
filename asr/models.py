"""Recognisers by name: bundled, on the Hugging Face hub, or in a local folder."""

from dataclasses import dataclass
from pathlib import Path

from asr.recogniser import Family, Recogniser, TokenCap
from quant.replace_folder import recover_folder
from traces.errors import EdgeAsrError, unknown_name
from traces.faults import reason_of

BUNDLED_MODELS = Path(__file__).parent / "bundled" / "models"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a named model comes from: a hub repository at a revision, or (no `hub_id`) this package."""

    family: Family
    hub_id: str = ""
    revision: str = "main"

    @property
    def is_bundled(self) -> bool:
        """Whether the model needs no network."""
        return not self.hub_id


MODELS: dict[str, ModelSource] = {
    "whisper-micro": ModelSource("whisper"),
    "moonshine-micro": ModelSource("moonshine"),
    "whisper-tiny": ModelSource("whisper", "openai/whisper-tiny"),
    "whisper-tiny.en": ModelSource("whisper", "openai/whisper-tiny.en"),
    "whisper-base": ModelSource("whisper", "openai/whisper-base"),
    "whisper-base.en": ModelSource("whisper", "openai/whisper-base.en"),
    "whisper-small": ModelSource("whisper", "openai/whisper-small"),
    "whisper-small.en": ModelSource("whisper", "openai/whisper-small.en"),
    "whisper-medium": ModelSource("whisper", "openai/whisper-medium"),
    "whisper-medium.en": ModelSource("whisper", "openai/whisper-medium.en"),
    "whisper-large-v3": ModelSource("whisper", "openai/whisper-large-v3"),
    "whisper-large-v3-turbo": ModelSource("whisper", "openai/whisper-large-v3-turbo"),
    "distil-small.en": ModelSource("whisper", "distil-whisper/distil-small.en"),
    "distil-large-v3": ModelSource("whisper", "distil-whisper/distil-large-v3"),
    "moonshine-tiny": ModelSource("moonshine", "UsefulSensors/moonshine-tiny"),
    "moonshine-base": ModelSource("moonshine", "UsefulSensors/moonshine-base"),
}


def load_recogniser(
    name_or_path: str | Path,
    *,
    revision: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    token_cap: TokenCap | None = None,
) -> Recogniser:
    """Load a recogniser with its weights, from safetensors only.

    `name_or_path` is a key of `MODELS` (`whisper-micro`), a hub id (`openai/whisper-tiny.en`), or a local
    folder: in transformers' layout, or a packed checkpoint of `quant`, which computes in float32 whatever
    `dtype` says. A known name wins over a folder of the same name; write `./whisper-tiny` for the folder.
    `revision` is a branch, tag or commit of a hub id. `token_cap` replaces the family's. Whisper is asked to
    transcribe English without timestamps.

    Raises:
        EdgeAsrError: the name is unknown, the hub cannot be reached and holds no local copy, a file of the
            folder is missing, damaged or of another model, or a tensor's shape is not the configuration's.
    """
    from asr.loading import load_folder

    folder, name, resolved = locate(name_or_path, revision=revision)
    return load_folder(folder, name=name, revision=resolved, device=device, dtype=dtype, token_cap=token_cap)


def find_source(name: str) -> tuple[str, ModelSource] | None:
    """Return the known model that a name or hub id means, ignoring case; None when there is none."""
    for known, source in MODELS.items():
        if name.lower() in (known, source.hub_id.lower()):
            return known, source
    return None


def check_name(name: str) -> None:
    """Verify that a name is a known model, a folder, or may be a hub id, without looking for weights.

    Raises:
        EdgeAsrError: offering the nearest known names.
    """
    if find_source(name) is None and "/" not in name and not Path(name).expanduser().is_dir():
        raise unknown_name("model", name, known=_known_names())


def locate(name_or_path: str | Path, *, revision: str | None = None) -> tuple[Path, str, str | None]:
    """Return the folder that holds a model, the model's name, and the hub commit if there is one.

    A hub model is downloaded if it is not cached. A known name wins over a folder of the same name.

    Raises:
        EdgeAsrError: the name is unknown, the folder missing, or the hub cannot be reached.
    """
    name = str(name_or_path)
    known = None if isinstance(name_or_path, Path) else find_source(name)
    if known and known[1].is_bundled:
        return BUNDLED_MODELS / known[0], known[0], None
    if known:
        folder, commit = download_model(known[1].hub_id, revision=revision or known[1].revision)
        return folder, known[0], commit
    folder = Path(name).expanduser()
    recover_folder(folder)
    if folder.is_dir():
        return folder, name, None
    if isinstance(name_or_path, str) and name.count("/") == 1 and name[0] not in "./~":
        try:
            folder, commit = download_model(name, revision=revision or "main")
        except EdgeAsrError as error:
            raise EdgeAsrError(f"{error}; {unknown_name('model', name, known=_known_names())}") from error
        return folder, name, commit
    if "/" in name:
        raise EdgeAsrError(f"model folder '{name}' does not exist")
    raise unknown_name("model", name, known=_known_names())


def _known_names() -> tuple[str, ...]:
    return (*MODELS, *(source.hub_id for source in MODELS.values() if source.hub_id))


HUB_FILES = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "normalizer.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
)
"""What is fetched of a hub repository; never its pickled, Flax or duplicate float32 weights."""


def download_model(hub_id: str, *, revision: str) -> tuple[Path, str]:
    """Return the local folder of a hub model, fetched if it is not cached yet, and its commit.

    Raises:
        EdgeAsrError: the model is not cached and the hub refuses or cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        folder = Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(HUB_FILES)))
    except HfHubHTTPError as error:
        raise EdgeAsrError(
            f"the Hugging Face hub does not give out '{hub_id}' at revision '{revision}': {reason_of(error)}"
        ) from error
    except (OSError, HFValidationError) as error:
        raise EdgeAsrError(
            f"the weights of '{hub_id}' (revision '{revision}') are not on this machine and the Hugging Face "
            "hub cannot be reached; connect, or give a local folder (estimates of cost need no weights)"
        ) from error
    return folder, folder.name
